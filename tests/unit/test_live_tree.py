"""The tree of a plan while it is applied: the state of each change, what failed on top, and filters by state."""

import pytest
import scripted_plan
from scripted_events import change, diagnostic, done, failed, start

from tfmfa_nb.protocol.plan_messages import MOST_PLAN_ROWS, PlanRowsRequest, PlanView
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.terraform.resource_applies import ResourceApplies
from tfmfa_nb.views.plan_tree import PlanTree

ACTIONS = {
    "a.created": ["create"],
    "a.updated": ["update"],
    "a.deleted": ["delete"],
    "a.replaced": ["delete", "create"],
    "a.forgotten": ["forget"],
}
PLAN = Plan({
    "format_version": "1.2",
    "resource_changes": [
        {
            "address": address,
            "type": "a",
            "name": address[2:],
            "mode": "managed",
            "change": {"actions": actions, "before": {"x": 1}, "after": {"x": 2}},
        }
        for address, actions in ACTIONS.items()
    ],
})  # fmt: skip
ANNOUNCED = [change(f"a.{each}", action) for each, action in (
    ("created", "create"), ("updated", "update"), ("deleted", "delete"), ("replaced", "replace"),
)]  # fmt: skip


class Tree:
    """The tree of `PLAN`, and what its apply has said so far."""

    def __init__(self, plan=PLAN, events=ANNOUNCED):
        self.applies = ResourceApplies()
        self.happen(*events)
        self._tree = PlanTree(plan, self.applies)

    def happen(self, *events):
        for event in events:
            self.applies.feed(event)

    def ask(self, *, over=False, **view):
        view = PlanView(grouping=view.pop("grouping", "module"), **view)
        return self._tree.answer(PlanRowsRequest(query=1, start=0, stop=MOST_PLAN_ROWS, view=view), over=over)

    def marks(self, **view):
        return {
            row["address"]: row.get("mark", {}).get("word")
            for row in self.ask(**view)["rows"]
            if row["kind"] == "change"
        }


def test_before_the_apply_no_change_has_a_state():
    answer = Tree(events=()).ask()
    assert {row.get("mark") for row in answer["rows"]} == {None}
    assert answer["states"] == []


def test_each_change_says_how_far_it_is():
    tree = Tree()
    assert tree.marks() == {
        "a.created": "waiting", "a.updated": "waiting", "a.deleted": "waiting", "a.replaced": "waiting",
        "a.forgotten": None,
    }  # fmt: skip
    tree.happen(start("a.created", "create"), start("a.updated", "update"), start("a.deleted", "delete"))
    assert list(tree.marks().values()) == ["creating", "updating", "destroying", "waiting", None]
    tree.happen(done("a.created", "create"), done("a.updated", "update"), done("a.deleted", "delete"))
    tree.happen(start("a.replaced", "delete"))
    assert list(tree.marks().values()) == ["created", "updated", "destroyed", "destroying", None]
    tree.happen(done("a.replaced", "delete"))
    assert tree.marks()["a.replaced"] == "destroyed, not yet created"
    tree.happen(start("a.replaced", "create"))
    assert tree.marks()["a.replaced"] == "creating"
    tree.happen(done("a.replaced", "create"))
    assert tree.marks()["a.replaced"] == "replaced"


def test_a_clock_runs_from_the_start_and_a_time_stays():
    tree = Tree()
    tree.happen(start("a.created", "create", at=100))
    (mark,) = (row["mark"] for row in tree.ask(states=("running",))["rows"])
    assert (mark["state"], mark["start"], mark["seconds"]) == ("running", 100, 0)
    tree.happen(done("a.created", "create", at=112.5))
    (mark,) = (row["mark"] for row in tree.ask(states=("done",))["rows"])
    assert (mark["state"], mark["start"], mark["seconds"]) == ("done", 0, 12.5)


def test_a_replacement_takes_the_time_of_both_its_halves():
    tree = Tree()
    tree.happen(start("a.replaced", "create", at=100), done("a.replaced", "create", at=103))
    tree.happen(start("a.replaced", "delete", at=110))
    (mark,) = (row["mark"] for row in tree.ask(states=("running",))["rows"])
    assert (mark["word"], mark["start"]) == ("destroying", 110)
    tree.happen(done("a.replaced", "delete", at=111))
    (mark,) = (row["mark"] for row in tree.ask(states=("done",))["rows"])
    assert mark["seconds"] == 4


def test_after_the_end_nothing_waits():
    tree = Tree()
    tree.happen(start("a.created", "create"), start("a.replaced", "delete"), done("a.replaced", "delete"))
    words = tree.marks(over=True)
    assert (words["a.created"], words["a.updated"]) == ("interrupted", "not started")
    assert words["a.replaced"] == "destroyed, not created"
    assert dict(tree.ask(over=True)["states"]) == {"interrupted": 2, "not_started": 2}


@pytest.mark.parametrize("grouping", ["module", "action"])
def test_what_fails_is_on_top_with_terraforms_error_below_it(grouping):
    tree = Tree()
    before = tree.ask(grouping=grouping)
    tree.happen(start("a.updated", "update"), failed("a.updated", "update"))
    head, row, planned, *others = tree.ask(grouping=grouping)["rows"]
    assert (head["title"], head["about"]) == ("Failed", "1")
    assert (row["address"], row["mark"]["word"], row["place"]["open"]) == ("a.updated", "failed", True)
    assert planned["text"] == "What was planned"
    tree.happen(diagnostic("a.updated", "It broke.", code="  x = var.y", marked="var.y", values={"var.y": "is 3"}))
    answer = tree.ask(grouping=grouping)
    error = answer["rows"][2]
    assert error["place"]["level"] == row["place"]["level"] + 1
    assert (error["summary"], error["where"]) == ("It broke.", 'on main.tf line 7, in resource "a" "updated"')
    assert error["lines"] == [{"number": 7, "pieces": [["  x = ", False], ["var.y", True]]}]
    assert error["values"] == ["var.y is 3"]
    assert before["order"] < answer["order"]
    assert "a.updated" not in {each.get("address") for each in others}
    assert answer["shown"] == len(ACTIONS)


def test_an_error_that_belongs_to_no_change_is_told_too():
    tree = Tree()
    tree.happen(diagnostic("", "Failed to save state"))
    head, error = tree.ask()["rows"][:2]
    assert (head["title"], error["summary"]) == ("Failed", "Failed to save state")
    assert tree.ask(states=("failed",))["rows"] == []


def test_what_was_planned_for_what_failed_can_still_be_seen():
    tree = Tree()
    tree.happen(failed("a.updated", "update"))
    rows = tree.ask(toggled=("c1.failed.a",))["rows"]
    assert ("x", "1", "2") in {
        (row["name"], row["before"]["text"], row["after"]["text"]) for row in rows if row["kind"] == "attribute"
    }


def test_the_rows_are_in_another_order_only_where_they_are():
    """A front end keeps its rows as long as only what they say changes."""
    tree = Tree()
    order = tree.ask()["order"]
    tree.happen(start("a.created", "create"), done("a.created", "create"))
    assert tree.ask()["order"] == order
    tree.happen(failed("a.updated", "update"))
    assert tree.ask()["order"] != order


def test_states_are_filtered_and_counted():
    tree = Tree()
    tree.happen(start("a.created", "create"), done("a.updated", "update"), failed("a.deleted", "delete"))
    assert tree.ask()["states"] == [["failed", 1], ["running", 1], ["waiting", 1], ["done", 1]]
    assert set(tree.marks(states=("running", "done"))) == {"a.created", "a.updated"}
    assert tree.ask(states=("running",))["shown"] == 1
    tree.happen(done("a.created", "create"))
    assert set(tree.marks(states=("running", "done"))) == {"a.created", "a.updated"}
    assert tree.ask(states=("running",))["rows"] == []


@pytest.mark.parametrize("grouping", ["module", "action"])
def test_the_head_of_a_group_says_how_far_all_of_it_is(grouping):
    names = [f"module.x.a.b{number}" for number in range(8)]
    changes = [
        {
            "address": each,
            "module_address": "module.x",
            "type": "a",
            "mode": "managed",
            "change": {"actions": ["create"]},
        }
        for each in names
    ]
    tree = Tree(Plan({"format_version": "1.2", "resource_changes": changes}), [])

    def head(*, over=False):
        rows = tree.ask(over=over, grouping=grouping)["rows"]
        (row,) = (row for row in rows if row["kind"] == "group" and row["title"] != "Failed")
        return (row["mark"]["state"], row["mark"]["word"]) if row.get("mark") else None

    assert head() is None
    tree.happen(*(change(each, "create") for each in names))
    assert head() == ("waiting", "0 of 8 done")
    tree.happen(*(done(each, "create") for each in names[:3]), start(names[3], "create"))
    assert head() == ("running", "3 of 8 done, 1 running")
    # What failed stands in a group of its own, and counts here.
    tree.happen(failed(names[3], "create"), start(names[4], "create"))
    assert head() == ("failed", "3 of 8 done, 1 failed, 1 running")
    assert head(over=True) == ("failed", "3 of 8 done, 1 failed, 1 interrupted, 3 not started")


def test_a_deposed_object_and_its_resource_each_have_a_state():
    changes = [
        {"address": "a.b", "type": "a", "name": "b", "mode": "managed", "change": {"actions": ["delete"]}, **more}
        for more in ({}, {"deposed": "3f9c"})
    ]
    tree = Tree(Plan({"format_version": "1.2", "resource_changes": changes}), [])
    tree.happen(change("a.b", "delete", at=1), change("a.b", "delete", at=2), start("a.b", "delete", at=3))
    states = [row["mark"]["state"] for row in tree.ask()["rows"] if row["kind"] == "change"]
    assert sorted(states) == ["running", "waiting"]


def test_an_error_is_bounded_and_hidden_characters_are_seen():
    tree = Tree()
    tree.happen(failed("a.updated", "update"))
    tree.happen(diagnostic("a.updated", "S\u202ex", detail="d" * 1_000_000, code="c\n" * 5_000, values={
        f"var.{index}": "is \x1b[31m" + "v" * 9_000 for index in range(500)
    }))  # fmt: skip
    answer = tree.ask()
    error = answer["rows"][2]
    assert error["summary"] == "S⟨U+202E⟩x"
    assert "\x1b" not in str(answer)
    assert len(str(error)) < 30_000


def test_five_thousand_changes_are_told_by_those_in_view():
    plan = scripted_plan.large(5_000)
    tree = Tree(plan, [change(each.address, each.action) for each in plan.changes])
    answer = tree.ask()
    assert dict(answer["states"]) == {"waiting": 5_000}
    assert len(str(answer)) < 200_000
    tree.happen(*(done(each.address, "create") for each in plan.changes if each.action == "create"))
    assert dict(tree.ask()["states"]) == {"waiting": 3_750, "done": 1_250}
