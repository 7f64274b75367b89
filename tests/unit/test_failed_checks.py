"""The checks that Terraform says failed, from its own text: with colors, of a plan, and as an apply's events read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.terraform.event_text import render_event
from tfmfa_nb.terraform.failed_checks import FailedCheck, failed_checks

# As Terraform 1.11.4 writes it.
PLAN = """\x1b[0m\x1b[1mPlan:\x1b[0m 3 to add, 0 to change, 0 to destroy.
\x1b[0m\x1b[33m╷\x1b[0m\x1b[0m
\x1b[33m│\x1b[0m \x1b[0m\x1b[1m\x1b[33mWarning: \x1b[0m\x1b[0m\x1b[1mCheck block assertion failed\x1b[0m
\x1b[33m│\x1b[0m \x1b[0m
\x1b[33m│\x1b[0m \x1b[0m\x1b[0m  on main.tf line 5, in check "c":
\x1b[33m│\x1b[0m \x1b[0m   5:     condition = \x1b[4mterraform_data.known.input == 2\x1b[0m\x1b[0m
\x1b[33m│\x1b[0m \x1b[0m    \x1b[90m├────────────────\x1b[0m
\x1b[33m│\x1b[0m \x1b[0m\x1b[0m    \x1b[90m│\x1b[0m \x1b[1mterraform_data.known.input\x1b[0m is 1
\x1b[33m│\x1b[0m \x1b[0m\x1b[0m
\x1b[33m│\x1b[0m \x1b[0mone is not two, which is a long sentence that goes on and on, so that it
\x1b[33m│\x1b[0m \x1b[0mmust be wrapped by Terraform.
\x1b[33m│\x1b[0m \x1b[0m  And a second line.
\x1b[33m│\x1b[0m \x1b[0m
\x1b[33m│\x1b[0m \x1b[0mA third.
\x1b[33m╵\x1b[0m\x1b[0m
\x1b[33m╷\x1b[0m\x1b[0m
\x1b[33m│\x1b[0m \x1b[0m\x1b[1m\x1b[33mWarning: \x1b[0m\x1b[0m\x1b[1mUnable to find remote state\x1b[0m
\x1b[33m│\x1b[0m \x1b[0m
\x1b[33m│\x1b[0m \x1b[0m\x1b[0m  with module.m[0].data.terraform_remote_state.x,
\x1b[33m│\x1b[0m \x1b[0m  on mod/main.tf line 10, in check "d":
\x1b[33m│\x1b[0m \x1b[0m  10:   data "terraform_remote_state" "x" \x1b[4m{\x1b[0m\x1b[0m
\x1b[33m│\x1b[0m \x1b[0m
\x1b[33m│\x1b[0m \x1b[0mNo stored state was found for the given workspace in the given backend.
\x1b[33m╵\x1b[0m\x1b[0m""".splitlines()
SENTENCE = "one is not two, which is a long sentence that goes on and on, so that it must be wrapped by Terraform."
FOUND = (
    FailedCheck("c", "main.tf:5", f"{SENTENCE} And a second line. A third."),
    FailedCheck(
        "d",
        "mod/main.tf:10",
        "Unable to find remote state: No stored state was found for the given workspace in the given backend.",
    ),
)


def test_what_a_plan_says():
    assert failed_checks(PLAN) == FOUND
    assert failed_checks([*PLAN, *PLAN[1:]]) == FOUND  # two instances of a module say the same


def test_what_an_apply_says():
    diagnostic = {
        "severity": "warning",
        "summary": "Check block assertion failed",
        "detail": f"{SENTENCE}\n  And a second line.\n\nA third.",
        "range": {"filename": "main.tf", "start": {"line": 5}, "end": {"line": 5}},
        "snippet": {"context": 'check "c"', "code": "    condition = x == 2", "start_line": 5, "values": []},
    }
    lines = render_event({"type": "diagnostic", "@message": "Warning", "diagnostic": diagnostic})
    assert failed_checks(lines) == FOUND[:1]
    assert failed_checks(render_event({"type": "diagnostic", "diagnostic": {**diagnostic, "severity": "error"}})) == ()


def test_compact_warnings_have_only_places():
    lines = [
        "Warnings:",
        "",
        "- Check block assertion failed",
        "  on main.tf line 5",
        "- Something else",
        "  on x line 1",
    ]
    assert failed_checks(lines) == (FailedCheck("", "main.tf:5", "Check block assertion failed"),)


@pytest.mark.parametrize("text", ["", "Warning: Check block assertion failed", '  on main.tf line 5, in check "c":'])
def test_what_is_no_failed_check(text):
    assert failed_checks([text]) == ()
    assert failed_checks(["╷", f"│ {text}", "╵"]) == ()


def test_a_check_that_waits_for_the_apply_has_not_failed():
    assert failed_checks([line.replace("assertion failed", "assertion known after apply") for line in PLAN[:17]]) == ()


def test_another_warning_is_none():
    lines = [line.replace('in check "', 'in resource "x" "') for line in PLAN]
    assert failed_checks(lines) == ()


@given(st.lists(st.sampled_from(PLAN) | st.sampled_from(["╷", "╵", "- Check block assertion failed"]), max_size=40))
def test_no_log_is_too_strange(lines):
    assert all(each.place for each in failed_checks(lines))
