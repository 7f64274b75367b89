"""What the apply of a plan does, in words."""

from types import SimpleNamespace

import pytest

from tfmfa_nb.protocol.decision import answer_words, decision_lines, decision_of, decision_text
from tfmfa_nb.views.wording import decision_about

COUNTS = {"add": 2, "change": 1, "destroy": 1, "imported": 0}
CHANGES = [
    {"address": "aws_s3_bucket.new", "action": "create", "reason": ""},
    {"address": "aws_instance.web", "action": "replace", "reason": "ami forces replacement"},
    {"address": "aws_ssm_parameter.release", "action": "update", "reason": ""},
    {"address": "data.aws_ami.latest", "action": "read", "reason": ""},
]


def test_there_is_none_before_a_plan():
    assert decision_of(None, []) is None


def test_terraforms_own_counts_stand_until_the_changes_are_known():
    decision = decision_of({**COUNTS, "imported": 3}, [])
    assert decision_text(decision) == "2 to add, 1 to change, 1 to destroy, 3 to import"
    assert decision.severe == ()


def test_a_replacement_is_told_apart_from_what_is_added_and_destroyed():
    decision = decision_of(COUNTS, CHANGES)
    assert decision_text(decision) == "1 to add, 1 to change, 0 to destroy, 1 to replace"
    assert decision.resources == 3  # what is read is no change
    assert decision_lines(decision)[1:] == [
        "-/+ aws_instance.web will be destroyed and re-created (ami forces replacement)"
    ]


def test_after_the_apply_the_same_line_says_what_was_done():
    imported = {"address": "a.imported", "action": "import", "reason": ""}
    decision = decision_of({**COUNTS, "imported": 1}, [*CHANGES, imported], ended=True, applied=True)
    assert decision.title == "Applied"
    assert decision_text(decision) == "1 added, 1 changed, 0 destroyed, 1 replaced, 1 imported"
    assert decision_lines(decision)[0] == f"Applied: {decision_text(decision)}."
    # One that ended otherwise has not done it.
    assert decision_lines(decision_of(COUNTS, CHANGES, ended=True))[0].startswith("Plan: 1 to add, ")


@pytest.mark.parametrize(("status", "title"), [("applied", "Applied"), ("errored", "Plan"), ("planned", "Plan")])
def test_only_what_was_applied_is_said_to_be(status, title):
    run = SimpleNamespace(counts=COUNTS, changes=CHANGES, applies=SimpleNamespace(of=lambda _: []), status=status)
    assert decision_about(run).title == title


@pytest.mark.parametrize(
    ("action", "words"), [("delete", "was destroyed"), ("replace", "was destroyed and re-created")]
)
def test_what_was_applied_was_done_also_where_the_steps_are_not_known(action, words):
    changes = [{"address": "a.b", "action": action, "reason": ""}]
    run = SimpleNamespace(counts=COUNTS, changes=changes, applies=SimpleNamespace(of=lambda _: []), status="applied")
    assert decision_about(run).severe[0].words == words


def test_a_deposed_object_is_not_its_resource():
    changes = [{"address": "a.b", "action": "delete", "reason": "", "deposed": "0a1b2c3d"}]
    assert decision_of(COUNTS, changes).severe[0].address == "a.b (deposed object 0a1b2c3d)"


def test_what_is_destroyed_comes_first_and_the_rest_is_counted():
    many = [{"address": f"a.b[{number}]", "action": "replace", "reason": ""} for number in range(30)]
    gone = {"address": "a.gone", "action": "delete", "reason": ""}
    left = {"address": "a.left", "action": "forget", "reason": ""}
    decision = decision_of(COUNTS, [left, *many, gone])
    assert decision.severe[0].address == "a.gone"
    assert len(decision.severe) + decision.more == 32
    assert decision_lines(decision)[-1] == f"    and {decision.more} more"
    only = decision_of(COUNTS, [left])
    assert only.severe[0].words == "will be removed from the state, not destroyed"


@pytest.mark.parametrize(
    ("kind", "phase", "command", "changes", "words"),
    [
        ("code", "plan", "", [], "Authenticate and plan"),
        ("code", "apply", "", CHANGES, "Authenticate and apply 3 changes"),
        ("code", "apply", "", CHANGES[:1], "Authenticate and apply 1 change"),
        ("confirm", "apply", "", CHANGES, "Confirm & apply 3 changes"),
        ("code", "unlock", "", [], "Authenticate and unlock"),
        ("code", "change", "state mv", [], "Authenticate and run it"),
        ("confirm", "change", "state mv", [], "Confirm & run it"),
    ],
)
def test_the_button_says_what_it_does(kind, phase, command, changes, words):
    counts = COUNTS if changes else None
    assert answer_words(kind, phase, command, decision_of(counts, changes)) == words


@pytest.mark.parametrize(
    ("action", "steps", "meanwhile", "afterward"),
    [
        ("delete", {}, "will be destroyed", "was to be destroyed"),
        ("delete", {"delete": "waiting"}, "will be destroyed", "was not destroyed"),
        ("delete", {"delete": "running"}, "is being destroyed", "may have been destroyed"),
        ("delete", {"delete": "done"}, "was destroyed", "was destroyed"),
        ("delete", {"delete": "failed"}, "could not be destroyed", "could not be destroyed"),
        (
            "replace",
            {"delete": "done", "create": "waiting"},
            "was destroyed, and is not re-created yet",
            "was destroyed, and not re-created",
        ),
        (
            "replace",
            {"delete": "done", "create": "failed"},
            "was destroyed, and could not be re-created",
            "was destroyed, and could not be re-created",
        ),
        ("replace", {"delete": "waiting", "create": "waiting"}, "will be destroyed and re-created", "was not replaced"),
        (
            "replace",
            {"create": "done", "delete": "waiting"},
            "is re-created, and the old one is still there",
            "was re-created, and the old one is left",
        ),
        (
            "replace",
            {"create": "running", "delete": "waiting"},
            "is being re-created, and the old one is still there",
            "was not destroyed; a new one may exist",
        ),
        (
            "replace",
            {"create": "done", "delete": "running"},
            "is re-created, and the old one is being destroyed",
            "was re-created, and the old one may be left",
        ),
        (
            "replace",
            {"delete": "running", "create": "waiting"},
            "is being replaced",
            "may have been destroyed, and not re-created",
        ),
        (
            "forget",
            {"forget": "done"},
            "was removed from the state, not destroyed",
            "was removed from the state, not destroyed",
        ),
    ],
)
def test_it_says_what_has_become_of_what_is_destroyed(action, steps, meanwhile, afterward):
    changes = [{"address": "a.b", "action": action, "reason": ""}]
    for ended, words in ((False, meanwhile), (True, afterward)):
        assert decision_of(COUNTS, changes, {"a.b": steps}.get, ended=ended).severe[0].words == words


def test_each_combination_of_steps_has_words():
    states = ("waiting", "running", "done", "failed")
    for delete in states:
        for create in states:
            changes = [{"address": "a.b", "action": "replace", "reason": ""}]
            steps = {"delete": delete, "create": create}
            assert decision_of(COUNTS, changes, lambda _, steps=steps: steps).severe[0].words


def test_a_status_that_is_not_known_says_nothing_of_the_end():
    run = SimpleNamespace(
        counts=COUNTS,
        changes=[{"address": "a.b", "action": "delete", "reason": ""}],
        applies=SimpleNamespace(of=lambda _: []),
        status="of a newer version",
    )
    assert decision_about(run).severe[0].words == "will be destroyed"
