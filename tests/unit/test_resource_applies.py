"""What an apply does to each resource: from Terraform's own events, and from ill ones."""

import json
import os
import subprocess
from dataclasses import replace
from functools import cache

import pytest

from tfmfa_nb.terraform.error_diagnostics import SourceLine
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.resource_applies import ApplyState, ResourceApplies

DONE, FAILED, RUNNING, WAITING = ApplyState.DONE, ApplyState.FAILED, ApplyState.RUNNING, ApplyState.WAITING
CONFIGURATION = """
variable "code" {
  default = 3
}
resource "terraform_data" "slow" {
  triggers_replace = var.code
  provisioner "local-exec" {
    command = "sleep 1.2"
  }
}
resource "terraform_data" "breaks" {
  count            = 2
  triggers_replace = var.code
  provisioner "local-exec" {
    command = "exit ${var.code * count.index}"
  }
}
resource "terraform_data" "refused" {
  lifecycle {
    precondition {
      condition     = length(terraform_data.slow.id) < var.code
      error_message = "Too long."
    }
  }
}
resource "terraform_data" "regretted" {
  input = terraform_data.slow.id
  lifecycle {
    postcondition {
      condition     = length(self.output) < 9
      error_message = "Longer than 9."
    }
  }
}
resource "terraform_data" "never" {
  input = terraform_data.breaks[1].id
}
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The events of two applies by Terraform: one in which much fails, and a replacement after it."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "main.tf").write_text(CONFIGURATION)
    command = find_executable(os.environ).command

    @cache
    def apply(*options):
        done = subprocess.run(
            [*command, "apply", "-json", "-auto-approve", *options], cwd=folder, capture_output=True, text=True,
            check=False, env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines()]

    apply()
    apply("-var=code=0", "-target=terraform_data.slow")
    return apply


def read(events):
    applies = ResourceApplies()
    for event in events:
        applies.feed(event)
    return applies, {(each.address, each.action): each for each in applies}


def test_an_apply_in_which_much_fails(told):
    applies, found = read(told())
    states = {address.removeprefix("terraform_data."): each.state for (address, _), each in found.items()}
    assert states == {
        "slow": DONE, "breaks[0]": DONE, "breaks[1]": FAILED, "refused": FAILED, "regretted": FAILED, "never": WAITING,
    }  # fmt: skip
    assert (applies.done, applies.total, applies.problems) == (2, 6, ())
    slow = found["terraform_data.slow", "create"]
    assert 1.2 <= slow.seconds < 10
    assert (slow.type, slow.end) == ("terraform_data", slow.start + slow.seconds)
    never, refused = (found[f"terraform_data.{name}", "create"] for name in ("never", "refused"))
    assert (never.start, never.end, never.seconds, refused.seconds) == (0, 0, 0, 0)
    assert [each.address for each in applies.finished(1)] == [list(applies.finished(9))[-1].address]


def test_an_error_is_told_where_it_belongs(told):
    _, found = read(told())
    (broken,) = found["terraform_data.breaks[1]", "create"].diagnostics
    assert broken.summary == "local-exec provisioner error"
    assert "exit status 3" in broken.detail
    assert broken.context == 'resource "terraform_data" "breaks"'
    refused, regretted = (found[f"terraform_data.{name}", "create"].diagnostics[0] for name in ("refused", "regretted"))
    assert (refused.summary, refused.detail) == ("Resource precondition failed", "Too long.")
    (line,) = refused.source
    assert refused.place == f"main.tf line {line.number}"
    assert CONFIGURATION.split("\n")[line.number - 1] == "".join(text for text, _ in line.pieces)
    assert [text for text, marked in line.pieces if marked] == ["length(terraform_data.slow.id) < var.code"]
    assert "var.code is 3" in refused.values
    assert regretted.values[0].startswith('self.output is "')


def test_a_replacement_is_a_delete_and_a_create(told):
    events = told("-var=code=0", "-target=terraform_data.slow")
    applies, found = read(events)
    deleted, created = (found["terraform_data.slow", action] for action in ("delete", "create"))
    assert (deleted.state, created.state, applies.done, applies.total) == (DONE, DONE, 2, 2)
    assert deleted.start <= deleted.end <= created.start <= created.end - 1.2


@pytest.mark.parametrize("options", [(), ("-var=code=0", "-target=terraform_data.slow")])
def test_what_is_told_twice_counts_once(told, options):
    """A process that follows Terraform's output after another one was killed repeats what that one wrote last."""
    events = told(*options)
    once = list(read(events)[0])
    assert list(read([*events, *events])[0]) == once
    assert list(read([each for event in events for each in (event, event)])[0]) == once


def test_the_state_after_each_event(told):
    applies, seen = ResourceApplies(), {}
    for event in told("-var=code=0", "-target=terraform_data.slow"):
        before = applies.version
        applies.feed(event)
        seen[tuple(each.state for each in applies)] = [each.action for each in applies.running]
        assert (applies.version > before) == (event["type"] in {"planned_change", "apply_start", "apply_complete"})
    assert seen == {
        (): [], (WAITING, WAITING): [], (RUNNING, WAITING): ["delete"], (DONE, WAITING): [],
        (DONE, RUNNING): ["create"], (DONE, DONE): [],
    }  # fmt: skip


def test_an_apply_that_has_succeeded_is_complete():
    applies, _ = read([event("planned_change", "a.b"), event("planned_change", "c.d"), event("apply_start", "a.b")])
    applies.complete()
    assert [each.state for each in applies] == [DONE, DONE]
    assert (applies.done, applies.running, sum(each.seconds for each in applies)) == (2, [], 0)


def event(kind, address, action="create", **more):
    about = {"resource": {"addr": address, "resource_type": address.split(".")[0]}, "action": action}
    return {"type": kind, "change" if kind == "planned_change" else "hook": about, **more}


def error(**about):
    return {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "No.", **about}}


def test_a_deposed_object_is_deleted_beside_its_resource():
    """Terraform gives both the same address."""
    at = [f"2026-11-24T10:00:0{second}Z" for second in range(5)]
    events = [event("planned_change", "a.b", "delete"), event("planned_change", "a.b", "delete")]
    events += [{**event("apply_start", "a.b", "delete"), "@timestamp": when} for when in at[:2]]
    events += [{**event("apply_complete", "a.b", "delete"), "@timestamp": when} for when in at[3:]]
    applies, _ = read(events)
    assert [(each.state, each.seconds) for each in applies] == [(DONE, 3), (DONE, 3)]


def test_a_data_source_that_is_read_is_no_change():
    applies, found = read([event("planned_change", "data.a.b", "read"), event("apply_complete", "data.a.b", "read")])
    assert (applies.done, applies.total) == (0, 0)
    assert found["data.a.b", "read"].state is DONE


def test_an_error_that_belongs_to_no_change_is_kept():
    applies, found = read([
        event("planned_change", "a.b"),
        error(address="x.y"),
        error(summary="Saving the state failed"),
        error(snippet={"context": 'resource "x" "y"', "code": "z"}),
        {"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "Deprecated", "address": "a.b"}},
    ])  # fmt: skip
    assert [each.summary for each in applies.problems] == ["No.", "Saving the state failed", "No."]
    assert found["a.b", "create"].state is WAITING


def test_a_block_with_several_instances_does_not_say_which_one_failed():
    several = [event("planned_change", f"a.b[{index}]") for index in range(2)]
    for each in several:
        each["change"]["resource"]["resource_name"] = "b"
    about = error(snippet={"context": 'resource "a" "b"', "code": "x"})
    applies, _ = read([*several, about])
    assert ([each.state for each in applies], len(applies.problems)) == ([WAITING, WAITING], 1)
    applies, found = read([several[0], about])
    assert (found["a.b[0]", "create"].state, applies.problems) == (FAILED, ())


@pytest.mark.parametrize(
    ("snippet", "lines"),
    [
        ({"code": "  é = x\n}", "start_line": 9, "highlight_start_offset": 7, "highlight_end_offset": 8},
         (SourceLine(9, (("  é = ", False), ("x", True))), SourceLine(10, (("}", False),)))),
        ({"code": "a\nb", "start_line": 1, "highlight_start_offset": 2, "highlight_end_offset": 3},
         (SourceLine(1, (("a", False),)), SourceLine(2, (("b", True),)))),
        ({"code": "a", "start_line": "x", "highlight_end_offset": 99}, (SourceLine(0, (("a", False),)),)),
        ({}, ()),
    ],
)  # fmt: skip
def test_the_lines_of_the_configuration(snippet, lines):
    applies, _ = read([error(snippet=snippet)])
    assert applies.problems[0].source == lines


@pytest.mark.parametrize("when", ["soon", 7, None, "2999-01-01T00:00:00Z"])
def test_an_event_without_a_time_happens_when_it_is_read(when, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1000.0)
    ended = {**event("apply_complete", "a.b"), "@timestamp": when}
    ended["hook"]["elapsed_seconds"] = 12
    _, found = read([ended])
    assert found["a.b", "create"] == replace(found["a.b", "create"], state=DONE, start=988.0, end=1000.0)
