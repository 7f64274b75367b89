"""A plan beside the plans of earlier runs: what is new in it, since when the rest is planned, and what has gone."""

import asyncio
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from scripted_run import ScriptedRun

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.comparison import EarlierPlan, PlannedChange, compare
from tfmfa_nb.runs.events import PhaseStarted, PlanSaved, WorkspaceKnown
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.change_digests import change_digest
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.views.summary import summary_html, summary_text
from tfmfa_nb.views.wording import comparison_text

DAY = 86_400.0
COUNTS = {"add": 0, "change": 1, "destroy": 0, "imported": 0}
PLANNED = (Status.PLANNING, Status.PLANNED)
APPLIED = (*PLANNED, Status.CONFIRMED, Status.APPLYING, Status.APPLIED)


def changes(**digests):
    """Changes, each with a letter for what it does."""
    return {name: PlannedChange("update", digest) for name, digest in digests.items()}


def earlier(day, *, applied=False, **digests):
    return EarlierPlan(f"run-{day}", day * DAY, applied, changes(**digests))


def kinds(found):
    return {subject: (each.kind, each.since / DAY, each.runs) for subject, each in found.changes.items()}


def test_a_change_is_new_or_planned_since_the_first_of_the_plans_in_a_row_that_have_it():
    plans = [
        earlier(9, a="1", b="1", gone="1"),
        earlier(8, a="1", b="2"),
        earlier(7, a="1"),
        earlier(6),
        earlier(5, a="1"),
    ]
    found = compare(changes(a="1", b="1", c="1"), plans)
    assert kinds(found) == {"a": ("same", 7, 4), "b": ("same", 9, 2), "c": ("new", 0, 1)}
    assert found.gone == {"gone": "update"}
    assert found.new == ("c",)
    assert found.sentence == "1 of 3 changes is new since the plan of 1970-01-10 00:00 UTC (run-9), and 1 is gone."


def test_another_change_of_the_same_resource_is_told():
    found = compare(changes(a="2"), [earlier(9, a="1")])
    assert kinds(found) == {"a": ("different", 0, 1)}
    assert found.sentence == (
        "No change is new since the plan of 1970-01-10 00:00 UTC (run-9), and 1 is planned differently."
    )


def test_what_was_applied_and_is_planned_again_is_not_planned_since_then():
    found = compare(changes(a="1", b="1", d="2"), [earlier(9, applied=True, a="1", c="1", d="1"), earlier(8, a="1")])
    assert kinds(found) == {"a": ("again", 9, 1), "b": ("new", 0, 1), "d": ("new", 0, 1)}
    assert found.changes["a"].words == "applied in the run of 1970-01-10 00:00 UTC, and planned again"
    assert "gone" not in found.sentence  # it was applied
    assert found.lines()[-1] == "  c: applied (~ update)"


def test_an_apply_in_between_ends_the_row():
    plans = [earlier(9, a="1"), earlier(8, a="1"), earlier(7, applied=True, a="1"), earlier(6, a="1")]
    assert kinds(compare(changes(a="1"), plans)) == {"a": ("same", 8, 3)}
    # Beside an older plan, the apply since then is told.
    assert kinds(compare(changes(a="1"), plans, "run-6")) == {"a": ("again", 7, 1)}


def test_without_an_earlier_plan_nothing_is_compared():
    assert compare(changes(a="1"), []) is None
    assert compare(changes(a="1"), [earlier(9)], "run-8") is None


@given(
    now=st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12")),
    plans=st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12")), min_size=1, max_size=5),
)
def test_every_change_and_every_one_that_has_gone_is_told_once(now, plans):
    made = [earlier(len(plans) - index, **plan) for index, plan in enumerate(plans)]
    found = compare(changes(**now), made)
    assert set(found.changes) == set(now)
    assert set(found.gone) == set(plans[0]) - set(now)
    assert len(found.lines()) == 1 + len(found.changes) + len(found.gone)
    for subject, each in found.changes.items():
        row = next((number for number, plan in enumerate(plans) if plan.get(subject) != now[subject]), len(plans))
        assert each.runs == (row + 1 if each.kind == "same" else 1)
        assert (each.kind == "same") == (row > 0)


# On disk


def document(value="new", *, sensitive=False, actions=("update",)):
    change = {
        "actions": list(actions),
        "before": {"input": "old"},
        "after": {"input": value},
        "after_sensitive": {"input": sensitive},
    }
    return Plan({"resource_changes": [{"address": "terraform_data.one", "change": change}]})


@pytest.fixture
def planned(tmp_path):
    """A function that makes a run with this plan, up to a status."""

    def make(plan, *moves, workspace="default"):
        run = Run(Environment.named("staging", tmp_path), Options(), tmp_path)
        run.driver.tell(WorkspaceKnown(workspace, workspace_chosen=False))
        for status in moves or PLANNED:
            run.driver.tell(PhaseStarted(Phase.PLAN, time.time()))
            run.driver.move(status)
        run.driver.store.save_changes(plan)
        run.driver.restore_changes()
        return run

    return make


def test_a_run_knows_what_was_planned_before_whatever_kernel_did(planned):
    first = planned(document())
    assert first.comparison is None
    second, other = planned(document()), planned(document(), workspace="other")
    assert second.comparison.run == first.id
    assert second.comparison.changes["terraform_data.one"].kind == "same"
    assert other.comparison is None  # another state
    third = planned(document("newer"), *APPLIED)
    assert third.comparison.changes["terraform_data.one"].kind == "different"
    assert planned(document("newer")).comparison.changes["terraform_data.one"].kind == "again"
    assert third.compare().run == second.id
    assert third.compare(first.id[-6:]).run == first.id
    with pytest.raises(RunStateError, match="is not an earlier run"):
        first.compare(third.id)
    with pytest.raises(RunStateError, match="has no earlier run"):
        first.compare()


def test_an_output_is_compared_like_a_resource(planned):
    def plan(**outputs):
        changed = {name: {"actions": ["create"], "after": value} for name, value in outputs.items()}
        changed["secret"] = {"actions": ["update"], "before": "a", "after": outputs["url"], "after_sensitive": True}
        return Plan({"output_changes": {**changed, "still": {"actions": ["no-op"], "before": 1, "after": 1}}})

    planned(plan(url="a", size=1))
    found = planned(plan(url="b", size=1, region="eu")).comparison
    assert {subject: each.kind for subject, each in found.changes.items()} == {
        "output url": "different",
        "output size": "same",
        "output region": "new",
        "output secret": "same",  # nothing of a sensitive value is kept
    }
    assert planned(plan(url="b")).comparison.gone == {"output size": "create", "output region": "create"}


def test_no_value_and_nothing_of_a_sensitive_one_is_kept(planned):
    run = planned(document("hello world"))
    files = run.driver.store.files
    assert "hello" not in files.changes.read_text()
    key = run.driver.environment.files.digest_key
    assert key.stat().st_mode & 0o777 == 0o600
    kept = json.loads(files.changes.read_text())["digests"]["terraform_data.one"]
    assert kept == ["update", change_digest(run_change(document("hello world")), key.read_bytes())]
    # Who has the file alone cannot try values; who has the key too, not those that Terraform marks.
    assert change_digest(run_change(document("hello world")), b"another") != kept[1]
    first, second = (change_digest(run_change(document(text, sensitive=True)), key.read_bytes()) for text in "ab")
    assert first == second
    assert change_digest(run_change(document("(sensitive)")), key.read_bytes()) != first


def run_change(plan):
    return plan.changes[0]


def test_a_plan_of_an_earlier_version_is_not_compared_with(planned):
    first = planned(document())
    first.driver.store.files.changes.write_text(json.dumps(document().without_values()))
    assert planned(document()).comparison is None
    first.driver.store.files.changes.write_text('{"digests": {"terraform_data.one": 7}}')
    assert planned(document()).comparison.run != first.id


def test_a_magic_prints_what_is_new(planned, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "tfmfa_nb")

    def tfruns(line):
        cell = shell.transform_cell(f"%tfruns -e staging {line}")
        result = asyncio.run(shell.run_cell_async(cell, transformed_cell=cell, silent=True))
        return result.error_in_exec or capsys.readouterr().out

    first, second = planned(document()), planned(document("newer"))
    second.driver.tell(PlanSaved("", COUNTS, "", (), ()))
    second.driver.save()
    assert tfruns("compare latest").splitlines() == [
        second.comparison.sentence,
        "  terraform_data.one: planned differently before",
    ]
    assert first.id in tfruns(f"compare {second.id} {first.id[-6:]}")
    assert str(tfruns("open latest latest")) == "%tfruns open takes one run; remove 'latest'"


def test_the_static_summary_says_what_is_new():
    found = compare(changes(a="1", b="1"), [earlier(9, a="1")])
    run = ScriptedRun(comparison=found)
    assert f"Comparison: {found.sentence}" in summary_text(run)
    assert found.sentence in summary_html(run)
    assert "Comparison" not in summary_text(ScriptedRun())


def test_an_address_cannot_add_a_line_of_its_own():
    found = compare({"a\n  b: new in this plan\x1b[2J": PlannedChange("create", "1")}, [earlier(9)])
    said = comparison_text(found)
    assert len(said.splitlines()) == 2
    assert "\x1b" not in said
