"""The lines of Terraform's machine-readable output, as the run's log has them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.terraform.event_text import EventLines, render_event

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


def rendered(*lines, redact=lambda text: text):
    """What the log gets of lines, and the events that are kept."""
    events = []
    return EventLines(redact).render("".join(f"{line}\n" for line in lines), events), events


@given(TEXTS, TEXTS)
def test_a_line_of_a_program_is_logged_as_any_other_event_is(address, text):
    event, line = printed(address, text)
    assert rendered(line) == ("".join(f"{text}\n" for text in render_event(event)), [])


def test_each_line_is_of_its_own_resource():
    lines = [printed(address, str(number))[1] for number in range(3) for address in ("a.b", 'a.b["x"]', "a.c")]
    expected = [f"{address} (local-exec): {n}\n" for n in range(3) for address in ("a.b", 'a.b["x"]', "a.c")]
    assert rendered(*lines) == ("".join(expected), [])


def test_an_event_of_an_unknown_shape_is_no_line_of_a_program():
    _, line = printed("a.b", "5", index={"output": "7"})
    assert rendered(line)[0] == "a.b (local-exec): 5\n"
    assert rendered(f"{line}]")[0] == f"{line}]\n"


@given(st.data())
def test_a_line_that_is_not_what_it_seems_is_logged_as_any_other_is(data):
    """A torn, mixed, or changed event: taken apart or decoded, the log gets the same."""
    _, line = printed("a.b", "5")
    at = data.draw(st.integers(0, len(line)))
    until = data.draw(st.integers(at, len(line)))
    part = data.draw(st.sampled_from(["", '"', "\\", "{", "}", ",", line, '"hook":', '"output":"x"', '"output":"']))
    other = line[:at] + part + line[until:]
    try:
        event = json.loads(other)
        expected = render_event(event) if isinstance(event, dict) and "@message" in event else [other]
    except ValueError:
        expected = [other]
    except KeyError:
        expected = [json.loads(other)["@message"]]
    assert rendered(line, other)[0] == "".join(f"{text}\n" for text in ("a.b (local-exec): 5", *expected))


def test_events_of_the_progress_are_kept_and_what_is_none_is_text():
    done = '{"@message":"a.b: Creation complete","type":"apply_complete","hook":{}}'
    assert rendered(done, "panic: {", '{"n": 1}') == (
        'a.b: Creation complete\npanic: {\n{"n": 1}\n',
        [f"{done}\n"],
    )
