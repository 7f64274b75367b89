"""What became of an apply, in the summary that stays: what failed and why, and what was left."""

from base64 import b64decode

import nbformat
import pytest
import scripted_plan
from html_page import Page
from scripted_events import change, diagnostic, done, failed, start
from scripted_run import ScriptedRun

from tfmfa_nb.terraform.sensitive_values import SENSITIVE
from tfmfa_nb.views.summary import summary_bundle, summary_html, summary_text

FOREIGN = "<img src=x onerror=alert(1)>\u202e\x1b[31m\n]]>"


def applied(*events, state="errored", plan=None, **traits):
    run = ScriptedRun(plan=plan, **traits)
    run.show(state)
    run.happen(change("a.slow"), change("a.breaks"), change("a.never"), *events)
    return run


def test_what_failed_stands_above_the_changes_with_terraforms_error():
    run = applied(
        start("a.slow", at=100),
        done("a.slow", at=175),
        start("a.breaks", at=100),
        failed("a.breaks", at=104),
        diagnostic(
            "a.breaks",
            "creating A: Denied",
            detail="The first line.\nThe second one.",
            code="a = 1\nx = var.y",
            marked="var.y",
            values={"var.y": "is 3"},
        ),
        plan=scripted_plan.everything(),
    )
    text = summary_text(run)
    lines = text.splitlines()
    at = lines.index("Failed (1)")
    assert lines[at + 1 : at + 10] == [
        "  ✗ a.breaks (create, after 0:04)",
        "      Error: creating A: Denied",
        '        on main.tf line 7, in resource "a" "breaks":',
        "           7: a = 1",
        "           8: x = var.y",
        "              var.y is 3",
        "        The first line.",
        "        The second one.",
        "",
    ]
    assert lines[lines.index("Not started (1)") + 1] == "    a.never (create)"
    assert text.index("Failed (1)") < text.index("Changes (8)")
    page = Page(summary_html(run)).text
    assert "a.breaks (create, after 0:04)" in page
    assert "The second one." in page


def test_an_interrupted_change_is_told_only_after_the_end():
    run = applied(start("a.slow"), state="canceled")
    assert {"Interrupted (1)", "Not started (2)"} <= set(summary_text(run).splitlines())
    run = applied(start("a.slow"), failed("a.breaks"), state="applying")
    titles = [line for line in summary_text(run).splitlines() if line.endswith(")") and line[0] in "FIN"]
    assert titles == ["Failed (1)"]


def test_an_apply_that_did_everything_tells_no_more_than_the_plan():
    run = applied(*(done(f"a.{name}") for name in ("slow", "breaks", "never")), state="applied")
    assert not {"Failed", "Interrupted", "Not started"} & {
        line.partition(" (")[0] for line in summary_text(run).split("\n")
    }


def test_an_error_of_the_whole_apply_is_told_too():
    text = summary_text(applied(diagnostic("", "Failed to save state", detail="No space left on device.")))
    lines = text.splitlines()
    at = lines.index("Failed (1)")
    assert lines[at + 1 : at + 3] == ["  ✗ Error: Failed to save state", "        No space left on device."]


def test_outputs_are_there_also_where_the_plan_is_not_known():
    run = applied(state="applied", outputs={"url": "http://b", "key": SENSITIVE})
    lines = summary_text(run).splitlines()
    assert lines[lines.index("Outputs (2)") + 1 :][:2] == ['    url = "http://b"', "    key = (sensitive)"]


@pytest.mark.parametrize("foreign", [FOREIGN, "&" * 5_000, "漢" * 5_000, "\n" * 5_000])
def test_whatever_an_error_says_stays_text_and_is_bounded(foreign):
    many = [event for index in range(2_000) for event in (
        failed(f"a.b[{index}]"),
        diagnostic(f"a.b[{index}]", foreign, detail=foreign, code=foreign, values={foreign: foreign}),
    )]  # fmt: skip
    run = applied(*many, plan=scripted_plan.large(2_000), outputs={foreign: foreign})
    bundle = summary_bundle(run)
    assert "Failed (2,000)" in bundle["text/plain"]
    page = Page(bundle["text/html"])
    assert "script" not in page.tags
    pictures = [value for name, value in page.attributes if name == "src"]
    assert len(pictures) == page.tags.count("img") <= 1  # the timeline
    assert all(each.startswith("data:image/svg+xml;base64,") for each in pictures)
    assert not any(b"onerror" in b64decode(each.partition(",")[2]) for each in pictures)
    assert not {"\x1b", "\u202e"} & set("".join(bundle.values()))
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", data=bundle)])
    assert len(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode()) < 100_000
