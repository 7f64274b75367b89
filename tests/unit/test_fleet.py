"""A fleet's parts: who is in it, when each has its turn, and what they do together."""

import asyncio
import json
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.fleet import followed_runs
from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.followed_runs import follow_fleet, restored_fleet
from tfmfa_nb.fleet.member import name_in_fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.fleet.rendezvous import Rendezvous
from tfmfa_nb.fleet.turns import Pace, Turns
from tfmfa_nb.model.errors import ConfigurationError, RunCanceled, TerraformFailed
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.protocol.fleet_records import FleetMember, FleetRecord
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.runs.history.probe import RunProbe
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.fleet_matrix import decision_line, fleet_bundle, fleet_text
from tfmfa_nb.views.fleet_rows import fleet_rows

ENDLESS: list = []
ENDLESS.append(ENDLESS)
FILES = {
    "torn.csv": b"name\na,2\n",
    "other.csv": b"name;region\na;b\n",
    "twice.csv": b"name,name\na,b\n",
    "latin.csv": b"name\n\xe9\n",
    "empty.csv": b"name\n",
    "level.csv": b"name,level\na,low\n",
    "torn.json": b"[",
    "twice.json": b'[{"name": "a", "name": "b"}]',
    "torn.yaml": b"a: [\n",
    "twice.yaml": b"- name: a\n  name: b\n",
    "bool.yaml": b"- name: no\n",
}
HCL = Options(configuration='variable "region" { default = "" }')
BACKEND = Options(configuration='terraform {\n  backend "s3" {\n    key = "app"\n  }\n}')


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


@pytest.mark.parametrize(
    ("name", "folder", "shown"),
    [
        ("dev", "live/prod", "dev (live/prod)"),
        ("prod", "live/prod", "prod"),
        ("live/prod", "live/prod", "live/prod"),
        ("dev (live/prod)", "live/prod", "dev (live/prod)"),
        ("", "live/prod", "live/prod"),
        ("dev", "", "dev"),
    ],
)
def test_a_name_does_not_hide_the_folder(name, folder, shown):
    assert name_in_fleet(name, folder) == shown


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
    (tmp_path / "live/eu/main.tf").write_text('variable "zones" {}')
    row = {"folder": "live/eu", "workspace": "prod", "level": "applies only", "variables": {"zones": ["a", "b"]}}
    (member,) = members_of([row], tmp_path, Options())
    assert (member.name, member.options.workspace, member.options.level) == ("live/eu", "prod", Level.APPLIES_ONLY)
    assert values(member) == {"zones": '["a", "b"]'}


@pytest.mark.parametrize("frames", [pd, pl])
def test_values_of_a_data_frame_are_values_of_python(tmp_path, frames):
    hcl = Options(
        configuration="\n".join(f'variable "{name}" {{ default = null }}' for name in ("n", "b", "x", "zones"))
    )
    columns = {"name": ["a", "b"], "n": [1, None], "b": [True, False], "x": [0.5, float("nan")], "zones": [["p"], []]}
    frame = frames.DataFrame(columns)
    if frames is pd:
        frame["n"] = frame["n"].astype("Int64")
        frame["zones"] = [np.array(["p"]), np.array([])]
    first, second = members_of(frame, tmp_path, hcl)
    assert values(first) == {"n": "1", "b": "true", "x": "0.5", "zones": '["p"]'}
    assert values(second) == {"b": "false", "zones": "[]"}


def test_a_cell_of_a_file_may_have_lines(tmp_path):
    (tmp_path / "t.csv").write_text('name,region\n\na,"eu\nwest, 1"\n')
    (member,) = members_of("t.csv", tmp_path, HCL)
    assert values(member) == {"region": "eu\nwest, 1"}


def test_each_row_has_a_state_of_its_own(tmp_path):
    rows = [{"name": "a"}, {"name": "b"}]
    with pytest.raises(ConfigurationError, match='"a" and "b" of the fleet would have one state: their backend "s3"'):
        members_of(rows, tmp_path, BACKEND)
    assert list(tmp_path.iterdir()) == []
    members_of([{**row, "workspace": row["name"]} for row in rows], tmp_path, BACKEND)
    given = ["key=a", ["key=b"], {"key": "c"}]
    members = members_of(
        [{"name": f"e{number}", "backend_config": each} for number, each in enumerate(given)], tmp_path, BACKEND
    )
    assert [member.options.backend_config for member in members] == [("key=a",), ("key=b",), ("key=c",)]
    folders(tmp_path, "live/a", "live/b")
    for name in "ab":
        (tmp_path / "live" / name / "main.tf").write_text(BACKEND.configuration)
    with pytest.raises(ConfigurationError, match="would have one state"):
        members_of("live/*", tmp_path, Options())
    (tmp_path / "live/b/.terraform").mkdir()
    (tmp_path / "live/b/.terraform/environment").write_text("prod")
    assert len(members_of("live/*", tmp_path, Options())) == 2
    for name in "ab":
        (tmp_path / "live" / name / "main.tf").write_text('terraform {\n  backend "local" {\n    path = "s"\n  }\n}')
    assert len(members_of("live/*", tmp_path, Options())) == 2
    (tmp_path / "live/b/.terraform/environment").unlink()
    for name, path in (("a", "../s"), ("b", "../b/../s")):
        text = f'terraform {{\n  backend "local" {{\n    path = "{path}"\n  }}\n}}'
        (tmp_path / "live" / name / "main.tf").write_text(text)
    with pytest.raises(ConfigurationError, match='would have one state: their backend "local"'):
        members_of("live/*", tmp_path, Options())


async def test_a_fleet_copies_no_states(tmp_path):
    members = members_of([{"name": "a"}], tmp_path, Options(configuration="# none", migrate_state=True))
    with pytest.raises(ConfigurationError, match="A fleet copies no states"):
        await Fleet(members, tmp_path).plan(None, Pace())


@pytest.mark.parametrize(
    ("each", "problem"),
    [
        ("nothing/*", "No folder with a Terraform configuration matches 'nothing/*'."),
        ("../*", "'../*' is not a pattern of folders below the notebook's."),
        ("", "'' is not a pattern of folders below the notebook's."),
        ([], "The table has no rows."),
        (5, "int is not a table."),
        (["a"], "Row 1 of the table is not a mapping: str."),
        ([{"region": "x"}], 'Row 1 of the table, column "name": it has no name.'),
        ([{"name": 83}], 'Row 1 of the table, column "name": it has to be a text, and is an int.'),
        ([{"name": "a", "workspace": 1}], 'Row 1 of the table ("a"), column "workspace": it has to be a text'),
        ([{"name": "a", "backend_config": 1}], 'column "backend_config": it is an int, and no setting of a backend.'),
        ([{"name": "a", "variables": "b"}], 'column "variables": it has to be a mapping of names to values'),
        ([{"name": "a", "region": "b", "variables": {"region": "c"}}], '"region" is a column too. Keep one of them.'),
        ([{"name": "a"}, {"name": "b", "regoin": "x"}], 'Row 2 of the table ("b"), column "regoin": the configuration'),
        ([{"name": "a", "role": "x"}], 'Declare it: variable "role" {} and provider "aws" { assume_role'),
        (pd.DataFrame([["a", "b"]], columns=["name", "name"]), 'Columns 1 and 2 of the table have one name, "name".'),
        ([{"name": "a"}, {"name": "a"}], '"a" and "a" of the fleet are one environment'),
        ([{"name": "../a"}], "Row 1 of the table, column \"name\": '../a' cannot be an environment's name."),
        ([{"name": "a", "level": "low"}], 'column "level": \'low\' is not a level. Levels: "never"'),
        ([{"name": "a", "region": object()}], 'column "region": object is no value of Terraform.'),
        ([{"name": "a", "": "hunter2"}], "Column 2 of row 1 of the table has no name."),
        ([{"name": "a", "zones": ENDLESS}], "Row 1 of the table contains itself."),
        ("none.csv", "none.csv cannot be read: No such file or directory."),
        ("torn.csv", "torn.csv cannot be understood: row 1 has 2 cells, and there are 1 columns."),
        ("other.csv", 'other.csv cannot be understood: its columns are separated by ";", not by ",".'),
        ("twice.csv", 'twice.csv cannot be understood: Columns 1 and 2 of the file have one name, "name".'),
        ("latin.csv", "latin.csv cannot be understood: it is not in UTF-8."),
        ("empty.csv", "empty.csv has no rows."),
        ("level.csv", 'Row 1 of level.csv ("a"), column "level": \'low\' is not a level.'),
        ("torn.json", "torn.json cannot be understood: Expecting value"),
        ("torn.yaml", "torn.yaml cannot be understood: expected the node content, but found '<stream end>' in line 2."),
        ("twice.yaml", 'twice.yaml cannot be understood: the key "name" is there twice in one object.'),
        ("twice.json", 'twice.json cannot be understood: the key "name" is there twice in one object.'),
        ("bool.yaml", 'Row 1 of bool.yaml, column "name": it has to be a text, and is a bool.'),
    ],
)
def test_what_is_no_fleet_is_one_clear_error(tmp_path, each, problem):
    for name, text in FILES.items():
        (tmp_path / name).write_bytes(text)
    with pytest.raises(ConfigurationError) as caught:
        members_of(each, tmp_path, Options() if isinstance(each, str) and "." not in each[2:] else HCL)
    assert problem in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == FILES.keys()


def test_a_variable_without_a_value_is_told_before_anything_is_written(tmp_path, monkeypatch):
    hcl = Options(configuration='variable "region" {}')
    rows = [{"name": "a", "region": "x"}, {"name": "b", "region": None}]
    with pytest.raises(
        ConfigurationError, match=r'Row 2 of the table \("b"\), column "region": .* no value .*main.tf:1'
    ):
        members_of(rows, tmp_path, hcl)
    assert list(tmp_path.iterdir()) == []
    assert len(members_of(rows, tmp_path, replace(hcl, variables=(("var", "region=y"),)))) == 2
    assert len(members_of(rows, tmp_path, replace(hcl, variables=(("var_file", "some.tfvars"),)))) == 2
    monkeypatch.setenv("TF_VAR_region", "z")
    assert len(members_of(rows, tmp_path, hcl)) == 2


def test_a_name_without_a_configuration_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match='column "name": "a" has no configuration'):
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
    assert decision_line(fleet, fleet_rows(fleet)) == "0 of 2 environments change. 2 not planned yet."
    assert fleet_text(fleet).splitlines()[2:] == ["  a            Waiting", "  b            Waiting"]
    assert fleet.to_dataframe("pandas").to_dict("records")[0]["environment"] == "a"
    assert fleet.to_dataframe("polars").shape == (2, 9)
    assert len(fleet) == 0


def planned(fleet, name, counts, changes=(), status="planned"):
    run = Run(fleet.members[name].environment, HCL, fleet.base)
    run.set_trait("counts", dict(zip(("add", "change", "destroy", "imported"), (*counts, 0), strict=True)))
    run.set_trait("changes", [{"reason": "", **change} for change in changes])
    run.set_trait("status", status)
    fleet.adopt(name, run)
    return run


GONE = {"address": "aws_db_instance.main", "action": "delete"}


async def test_a_fleet_waits_until_what_it_names_is_known(tmp_path):
    fleet = Fleet(members_of([{"name": "a"}, {"name": "b"}], tmp_path, HCL), tmp_path)
    plans = []
    for name, status in (("a", "planned"), ("b", "planned_and_finished")):
        plans.append(Future())
        planned(fleet, name, (0, 0, 1), status=status).driver.plan = plans[-1]
    waiting = asyncio.create_task(fleet.wait_for_changes())
    await asyncio.sleep(0)
    assert not waiting.done()
    plans[0].set_exception(TerraformFailed("It cannot be shown."))
    async with asyncio.timeout(30):
        await waiting


def test_what_a_fleet_destroys_is_named_with_its_environment(tmp_path):
    fleet = Fleet(members_of([{"name": "dev"}, {"name": "prod"}], tmp_path, HCL), tmp_path)
    planned(fleet, "dev", (1, 0, 0), [{"address": "aws_s3_bucket.new", "action": "create"}])
    hostile = {"address": 'a.b["<b>\x1b[31m"]', "action": "replace", "reason": "x" * 1_000}
    planned(fleet, "prod", (1, 0, 2), [hostile, GONE])
    line, first, second, head, *_ = fleet_text(fleet).splitlines()
    assert line.startswith("2 of 2 environments change: 1 to add, 0 to change, 1 to destroy, 1 to replace. ")
    assert line.endswith('Resources are destroyed in "prod".')
    assert first == "  - prod: aws_db_instance.main will be destroyed"
    assert second.startswith("-/+ prod: a.b[")
    assert "\x1b" not in second
    assert len(second) < 700
    assert head.split()[0] == "Environment"
    html = fleet_bundle(fleet)["text/html"]
    assert "prod: aws_db_instance.main will be destroyed" in html
    assert "<b>" not in html


def test_only_the_first_resources_of_many_are_named_and_the_others_counted(tmp_path):
    names = [f"e{number}" for number in range(50)]
    fleet = Fleet(members_of([{"name": name} for name in names], tmp_path, HCL), tmp_path)
    for name in names:
        planned(fleet, name, (0, 0, 30), [{**GONE, "address": f"a.b[{number}]"} for number in range(30)])
    rows = fleet_rows(fleet)
    assert {(len(row.severe), row.more_severe) for row in rows} == {(2, 28)}  # whoever selects one finds some named
    lines = fleet_text(fleet).splitlines()
    assert lines[20] == "  - e9: a.b[1] will be destroyed"
    assert lines[21] == "    and 1,480 more"


@pytest.mark.parametrize(
    ("numbers", "named"),
    [((120,), (100,)), ((1, 2, 300), (1, 2, 97)), ((60, 60), (50, 50)), ((0, 40, 40, 40), (0, 33, 33, 33))],
)
def test_the_room_for_names_is_shared(tmp_path, numbers, named):
    names = [f"e{number}" for number in range(len(numbers))]
    fleet = Fleet(members_of([{"name": name} for name in names], tmp_path, HCL), tmp_path)
    for name, number in zip(names, numbers, strict=True):
        planned(fleet, name, (0, 0, number), [{**GONE, "address": f"a.b[{each}]"} for each in range(number)])
    rows = fleet_rows(fleet)
    assert tuple(len(row.severe) for row in rows) == named
    assert tuple(len(row.severe) + row.more_severe for row in rows) == numbers


def test_what_destroys_is_named_before_what_is_forgotten_in_another_environment(tmp_path):
    fleet = Fleet(members_of([{"name": "a"}, {"name": "b"}], tmp_path, HCL), tmp_path)
    forgotten = [{"address": f"a.left[{number}]", "action": "forget"} for number in range(25)]
    planned(fleet, "a", (0, 0, 0), forgotten)
    planned(fleet, "b", (1, 0, 2), [{**GONE, "action": "replace"}, GONE])
    line, first, second, third, *_ = fleet_text(fleet).splitlines()
    assert line.startswith("2 of 2 environments change: 0 to add, ")
    assert line.endswith('1 to destroy, 1 to replace, 25 to remove from the state. Resources are destroyed in "b".')
    assert [each.split()[0] for each in (first, second, third)] == ["-", "-/+", "."]
    assert "a: a.left[0] will be removed from the state, not destroyed" in third


def test_replacements_are_counted_in_one_way(tmp_path):
    fleet = Fleet(members_of([{"name": "a"}, {"name": "b"}], tmp_path, HCL), tmp_path)
    replaced = [{**GONE, "action": "replace"}]
    planned(fleet, "a", (1, 0, 1), replaced)
    planned(fleet, "b", (1, 0, 1))  # its changes are not read yet
    assert "environments change: 2 to add, 0 to change, 2 to destroy. Resources" in decision_line(
        fleet, fleet_rows(fleet)
    )
    fleet["b"].set_trait("changes", [{"reason": "", **each} for each in replaced])
    assert "environments change: 0 to add, 0 to change, 0 to destroy, 2 to replace. Resources" in decision_line(
        fleet, fleet_rows(fleet)
    )


def test_a_plan_that_changes_only_outputs_changes_something(tmp_path):
    fleet = Fleet(members_of([{"name": "a"}], tmp_path, HCL), tmp_path)
    planned(fleet, "a", (0, 0, 0))
    assert decision_line(fleet, fleet_rows(fleet)) == "1 of 1 environment changes: no changes to resources."
    assert fleet_rows(fleet)[0].changed


def test_a_plan_that_only_imports_or_moves_changes_something(tmp_path):
    fleet = Fleet(members_of([{"name": "a"}, {"name": "b"}, {"name": "c"}], tmp_path, HCL), tmp_path)
    imports = [{"address": f"a.b[{number}]", "action": "import"} for number in range(2)]
    planned(fleet, "a", (0, 0, 0), imports).set_trait("counts", {"add": 0, "change": 0, "destroy": 0, "imported": 2})
    planned(fleet, "b", (0, 0, 0), [{"address": "a.b", "action": "move"}])
    planned(fleet, "c", (0, 0, 0), status="planned_and_finished")
    assert (
        decision_line(fleet, fleet_rows(fleet))
        == "2 of 3 environments change: 0 to add, 0 to change, 0 to destroy, 2 to import, 1 to move."
    )
    one = Fleet(members_of([{"name": "c"}], tmp_path, HCL), tmp_path)
    planned(one, "c", (0, 0, 0), status="planned_and_finished")
    assert decision_line(one, fleet_rows(one)) == "0 of 1 environment changes."


def test_of_an_apply_only_the_selected_environments_are_counted_and_named(tmp_path, monkeypatch):
    fleet = Fleet(members_of([{"name": name} for name in "abc"], tmp_path, HCL), tmp_path)
    for name in "ab":
        planned(fleet, name, (0, 0, 1), [GONE])
    fleet.errors["c"] = TerraformFailed("Its plan failed.")
    monkeypatch.setattr(Fleet, "phase", Phase.APPLY)
    monkeypatch.setattr(Fleet, "taking_part", ("b",))
    fleet["b"].set_trait("status", "applied")
    fleet["b"].set_trait("phase", "apply")
    lines = fleet_text(fleet).splitlines()
    assert lines[0].startswith("Apply (1 of 3 environments): 0 to add, 0 to change, 1 to destroy. ")
    assert lines[0].endswith('Resources are destroyed in "b". 1 applied.')
    assert lines[1] == "  - b: aws_db_instance.main was destroyed"
    assert lines[2].split()[0] == "Environment"


def test_a_reason_that_stopped_several_is_told_once(tmp_path):
    fleet = Fleet(members_of([{"name": name} for name in ("dev", "stage", "prod")], tmp_path, HCL), tmp_path)
    for name in ("dev", "stage"):
        role = f"arn:aws:iam::111122223333:role/deploy-to-{name}"
        fleet.errors[name] = TerraformFailed(f"Cannot assume IAM Role {role}.", f"Set a level: %tfmfa level -C {name}")
    fleet.errors["prod"] = TerraformFailed("No disk.")
    assert fleet_text(fleet).splitlines()[-2:] == [
        (
            'dev, and likewise "stage": Cannot assume IAM Role arn:aws:iam::111122223333:role/deploy-to-dev. '
            "Set a level: %tfmfa level -C dev"
        ),
        "prod: No disk.",
    ]


def test_external_text_is_escaped(tmp_path):
    folders(tmp_path, "<b>x")
    fleet = Fleet(members_of("*", tmp_path, Options()), tmp_path)
    assert "<b>" not in fleet_bundle(fleet)["text/html"]


async def test_a_run_that_ends_between_two_looks_is_followed_to_its_end_all_the_same(tmp_path, monkeypatch):
    environment, run_id = Environment.named("prod", tmp_path), "run-20260101-120000-abcdef"
    environment.ensure()
    environment.files.run(run_id).folder.mkdir(parents=True)
    record = FleetRecord(
        id="fleet-20260101-120000-abcdef",
        environments=(FleetMember(name="prod", folder="prod", owned=True, run=run_id),),
    )
    run = Run(environment, Options(), tmp_path, RunRecord(run_id, "prod", fleet=record.id))
    run.driver.move(Status.PLANNING)
    looks = []

    def probe(*arguments):
        looks.append(RunProbe(*arguments))
        if len(looks) == 1:
            run.driver.move(Status.ERRORED)
        return looks[-1]

    monkeypatch.setattr(followed_runs, "RunProbe", probe)
    fleet = restored_fleet(record, tmp_path)
    await follow_fleet(fleet, record, Policy())
    assert fleet.errors == {}
    assert fleet["prod"].status == Status.ERRORED
    assert looks[0].record.status == Status.PLANNING


async def test_a_record_that_names_the_run_of_no_fleet_is_not_followed(tmp_path):
    environment, run_id = Environment.named("prod", tmp_path), "run-20260101-120000-abcdef"
    environment.ensure()
    environment.files.run(run_id).folder.mkdir(parents=True)
    alone = Run(environment, Options(), tmp_path, RunRecord(run_id, "prod"))
    for status in (Status.PLANNING, Status.PLANNED):
        alone.driver.move(status)
    member = FleetMember(name="sandbox", folder="prod", owned=True, run=run_id)
    record = FleetRecord(id="fleet-20260101-120000-abcdef", environments=(member,))
    fleet = restored_fleet(record, tmp_path)
    await follow_fleet(fleet, record, Policy())
    assert f"{run_id} is no run of {record.id}" in str(fleet.errors["sandbox (prod)"])
    assert fleet.applicable == ()
