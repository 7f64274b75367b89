"""The lines of Terraform's machine-readable output, as the run's log has them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.terraform.event_text import render_event, render_line

TEXTS = st.text() | st.sampled_from(["5", '{"a":1}', "}", '"', "\\", "<&>", '"},"type":"provision_progress"}'])


def printed(address, text, **more):
    """An event of a line that a program printed, and how Terraform writes it: without a space."""
    event = {
        "@level": "info",
        "@message": f"{address}: (local-exec): {text}",
        "@module": "terraform.ui",
        "@timestamp": "2026-11-26T18:13:36.946874Z",
        "hook": {
            "resource": {"addr": address, "module": "", "resource_key": None, **more},
            "provisioner": "local-exec",
            "output": text,
        },
        "type": "provision_progress",
    }
    return event, json.dumps(event, ensure_ascii=False, separators=(",", ":"))


@given(TEXTS, TEXTS)
def test_a_line_of_a_program_is_logged_as_any_other_event_is(address, text):
    event, line = printed(address, text)
    progress = []
    assert render_line(line, progress) == "".join(f"{text}\n" for text in render_event(event))
    assert progress == []


def test_an_event_of_an_unknown_shape_is_no_line_of_a_program():
    _, line = printed("a.b", "5", index={"output": "7"})
    assert render_line(line, []) == "a.b (local-exec): 5\n"
    assert render_line(f"{line}]", []) == f"{line}]\n"


def test_events_of_the_progress_are_kept_and_what_is_none_is_text():
    done = '{"@message":"a.b: Creation complete","type":"apply_complete","hook":{}}'
    progress = []
    assert render_line(done, progress) == "a.b: Creation complete\n"
    assert progress == [f"{done}\n"]
    assert render_line("panic: {", []) == "panic: {\n"
    assert render_line('{"n": 1}', []) == '{"n": 1}\n'
