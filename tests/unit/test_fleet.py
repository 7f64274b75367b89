"""A fleet's parts: who is in it, when each has its turn, and what they do together."""

import asyncio
import json

import pandas as pd
import polars as pl
import pytest

from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.fleet.rendezvous import Rendezvous
from tfmfa_nb.fleet.turns import Pace, Turns
from tfmfa_nb.model.errors import ConfigurationError, RunCanceled
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.options import Options
from tfmfa_nb.views.fleet_matrix import decision_line, fleet_bundle, fleet_text

HCL = Options(configuration="# one")


def folders(base, *names):
    for name in names:
        (base / name).mkdir(parents=True)
        (base / name / "main.tf").write_text("")


def values(member):
    return dict(text.split("=", 1) for _, text in member.options.variables)


def test_a_pattern_finds_folders_with_configurations_in_the_order_of_their_numbers(tmp_path):
    folders(tmp_path, "accounts/a10", "accounts/a9", "accounts/.hidden", "other/x")
    (tmp_path / "accounts/empty").mkdir()
    members = members_of("accounts/*", tmp_path, Options())
    assert [member.name for member in members] == ["accounts/a9", "accounts/a10"]
    assert [member.environment.option for member in members] == ["-C accounts/a9", "-C accounts/a10"]


@pytest.mark.parametrize("suffix", ["csv", "json", "yaml", "rows", "pandas", "polars"])
def test_a_table_has_a_name_and_variables(tmp_path, suffix):
    rows = [{"name": "a", "region": "eu-west-1"}, {"name": "b", "region": None}]
    each = {"rows": iter(rows), "pandas": pd.DataFrame(rows), "polars": pl.DataFrame(rows)}.get(suffix, f"t.{suffix}")
    texts = {"csv": "\ufeffname,region\na,eu-west-1\nb,\n", "json": json.dumps(rows), "yaml": json.dumps(rows)}
    (tmp_path / f"t.{suffix}").write_text(texts.get(suffix, ""))
    members = members_of(each, tmp_path, HCL)
    assert [(member.name, values(member)) for member in members] == [("a", {"region": "eu-west-1"}), ("b", {})]


def test_a_row_may_have_a_folder_a_workspace_a_level_and_typed_values(tmp_path):
    folders(tmp_path, "live/eu")
    row = {"folder": "live/eu", "workspace": "prod", "level": "applies only", "variables": {"zones": ["a", "b"]}}
    (member,) = members_of([row], tmp_path, Options())
    assert (member.name, member.options.workspace, member.options.level) == ("live/eu", "prod", Level.APPLIES_ONLY)
    assert values(member) == {"zones": '["a", "b"]'}


@pytest.mark.parametrize(
    ("each", "problem"),
    [
        ("nothing/*", "No folder with a Terraform configuration matches 'nothing/*'."),
        ("../*", "'../*' is not a pattern of folders below the notebook's."),
        ("", "'' is not a pattern of folders below the notebook's."),
        ([], "The table has no rows."),
        (5, "int is not a table."),
        (["a"], "Row 1 of the table is not a mapping: str."),
        ([{"region": "x"}], "Row 1 of the table has no name."),
        ([{"name": "a"}, {"name": "a"}], '"a" and "a" of the fleet are one environment'),
        ([{"name": "../a"}], "Row 1 of the table: '../a' cannot be an environment's name."),
        ([{"name": "a", "level": "low"}], "Row 1 of the table: 'low' is not a valid Level."),
        ([{"name": "a", "x": object()}], "Row 1 of the table: object is no value of Terraform."),
        ("none.csv", "none.csv cannot be read: No such file or directory."),
        ("torn.csv", "torn.csv cannot be understood: a row has more cells than there are columns: ['2']."),
        ("torn.json", "torn.json cannot be understood: Expecting value"),
        ("torn.yaml", "torn.yaml cannot be understood: "),
    ],
)
def test_what_is_no_fleet_is_one_clear_error(tmp_path, each, problem):
    (tmp_path / "torn.csv").write_text("name\na,2\n")
    (tmp_path / "torn.json").write_text("[")
    (tmp_path / "torn.yaml").write_text("a: [\n")
    with pytest.raises(ConfigurationError) as caught:
        members_of(each, tmp_path, Options() if isinstance(each, str) and "." not in each[2:] else HCL)
    assert problem in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["torn.csv", "torn.json", "torn.yaml"]


def test_a_name_without_a_configuration_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match='Row 1 of the table: "a" has no configuration'):
        members_of([{"name": "a"}], tmp_path, Options())
    folders(tmp_path, "live")
    with pytest.raises(ConfigurationError, match="gets none from a cell"):
        members_of([{"folder": "live"}], tmp_path, HCL)
    with pytest.raises(ConfigurationError, match="A cell's configuration needs the names"):
        members_of("*", tmp_path, HCL)


async def test_work_is_done_once_when_all_have_come_or_left():
    done = []

    async def work(brought):
        done.append(dict(brought))
        return {name: value * 10 for name, value in brought.items()}

    meeting = Rendezvous("abc", work)
    tasks = [asyncio.create_task(meeting.together(name, number)) for number, name in enumerate("ab", 1)]
    await asyncio.sleep(0)
    assert done == []
    meeting.leave("c")
    assert await asyncio.gather(*tasks) == [10, 20]
    assert done == [{"a": 1, "b": 2}]
    meeting.leave("b")
    assert await meeting.together("a", 5) == 50


async def test_an_error_is_everybodys_and_each_has_its_own():
    async def work(_):
        raise RunCanceled("Stopped.", "Nothing was changed.")

    meeting = Rendezvous("ab", work)
    first, second = await asyncio.gather(*(meeting.together(name, 0) for name in "ab"), return_exceptions=True)
    assert first is not second
    assert str(first) == str(second) == "Stopped. Nothing was changed."


async def test_what_nobody_waits_for_any_more_is_given_up():
    begun, go_on, given_up = asyncio.Event(), asyncio.Event(), []

    async def work(brought):
        begun.set()
        await go_on.wait()
        return {name: f"for {name}" for name in brought}

    meeting = Rendezvous("ab", work, given_up.append)
    first, second = (asyncio.create_task(meeting.together(name, 0)) for name in "ab")
    await begun.wait()
    first.cancel()
    await asyncio.wait([first])
    go_on.set()
    assert await second == "for b"
    assert given_up == ["for a"]


async def test_work_stops_when_nobody_waits_any_more():
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work(_):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(Rendezvous("a", work).together("a", 0))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    await asyncio.wait_for(ended.wait(), 5)
    assert task.cancelled()


async def begin(turns, log, number):
    try:
        await turns.wait(number)
        log.append(number)
    except RunCanceled as error:
        log.append(error.problem)


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_turns_come_in_order_so_many_at_once():
    turns, log = Turns(Pace(at_once=2)), []
    tasks = [asyncio.create_task(begin(turns, log, number)) for number in (3, 1, 2, 0)]
    await settle()
    assert log == [0, 1]
    turns.paused = True
    turns.end(succeeded=True)
    await settle()
    assert log == [0, 1]
    turns.paused = False
    await settle()
    assert log == [0, 1, 2]
    turns.end(succeeded=False)
    await asyncio.gather(*tasks)
    assert log == [0, 1, 2, 3]


async def test_a_canary_goes_first_and_its_failure_stops_the_others():
    for succeeded, rest in ((True, [0, 1, 2]), (False, [0, *["The fleet has stopped, because a run failed."] * 2])):
        turns, log = Turns(Pace(at_once=5, canary=1)), []
        tasks = [asyncio.create_task(begin(turns, log, number)) for number in range(3)]
        await settle()
        assert log == [0]
        turns.end(succeeded=succeeded)
        await asyncio.gather(*tasks)
        assert log == rest


async def test_no_run_starts_after_too_many_failures():
    turns, log = Turns(Pace(at_once=1, stop_after=2)), []
    tasks = [asyncio.create_task(begin(turns, log, number)) for number in range(3)]
    for _ in range(2):
        await settle()
        turns.end(succeeded=False)
    await asyncio.gather(*tasks)
    assert log == [0, 1, "The fleet has stopped, because 2 runs failed."]


async def test_a_run_that_is_canceled_while_it_waits_takes_no_turn():
    turns, log = Turns(Pace(at_once=1)), []
    tasks = [asyncio.create_task(begin(turns, log, number)) for number in range(3)]
    await settle()
    tasks[1].cancel()
    turns.end(succeeded=True)
    await asyncio.wait(tasks)
    assert log == [0, 2]


@pytest.mark.parametrize("name", ["at_once", "canary", "stop_after"])
def test_a_pace_has_no_negative_numbers(name):
    with pytest.raises(ConfigurationError, match=f"{name} is -1"):
        Pace(**{name: -1}).check()


def test_a_fleet_that_has_not_begun_is_a_table_of_what_waits(tmp_path):
    fleet = Fleet(members_of([{"name": "a"}, {"name": "b"}], tmp_path, HCL), tmp_path)
    assert decision_line(fleet) == "0 of 2 environments change. 2 not planned yet."
    assert fleet_text(fleet).splitlines()[2:] == ["  a            Waiting", "  b            Waiting"]
    assert fleet.to_dataframe("pandas").to_dict("records")[0]["environment"] == "a"
    assert fleet.to_dataframe("polars").shape == (2, 9)
    assert len(fleet) == 0


def test_external_text_is_escaped(tmp_path):
    folders(tmp_path, "<b>x")
    fleet = Fleet(members_of("*", tmp_path, Options()), tmp_path)
    assert "<b>" not in fleet_bundle(fleet)["text/html"]
