"""Terraform's events as a person reads them, and as a progress bar counts them."""

import json
import os
import re
import subprocess
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmfa_nb.terraform.apply_progress import ApplyEvents, Progress
from tfmfa_nb.terraform.decimals import decimal_number, number_text
from tfmfa_nb.terraform.event_text import render_event
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.hcl_values import to_hcl
from tfmfa_nb.terraform.outputs import masked_outputs, read_outputs, render_value

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def plain(lines):
    return [ANSI.sub("", line) for line in lines]


def hook(kind, address="a.b", action="create", **more):
    return {"type": kind, "hook": {"resource": {"addr": address}, "action": action, **more}}


def planned(address, action="create"):
    return {"type": "planned_change", "change": {"resource": {"addr": address}, "action": action}}


def test_a_diagnostic_is_laid_out_as_terraforms_text():
    event = {
        "type": "diagnostic",
        "diagnostic": {
            "severity": "error",
            "summary": "Invalid function argument",
            "detail": "No file.\nReally.",
            "address": "a.b",
            "range": {"filename": "main.tf", "start": {"line": 9}},
            "snippet": {
                "context": 'resource "a" "b"',
                "code": '  é = file("x")\n}',
                "start_line": 9,
                "highlight_start_offset": 7,
                "highlight_end_offset": 16,
                "values": [{"traversal": "var.x", "statement": "is 1"}],
                "function_call": {
                    "called_as": "file",
                    "signature": {"params": [{"name": "path"}], "variadic_param": {"name": "more"}},
                },
            },
        },
    }
    lines = render_event(event)
    assert plain(lines) == [
        "╷",
        "│ Error: Invalid function argument",
        "│",
        "│   with a.b,",
        '│   on main.tf line 9, in resource "a" "b":',
        '│    9:   é = file("x")',
        "│   10: }",
        "│     ├────────────────",
        "│     │ while calling file(path, more...)",
        "│     │ var.x is 1",
        "│",
        "│ No file.",
        "│ Really.",
        "╵",
    ]
    assert '\x1b[4mfile("x")\x1b[0m' in lines[5]


@pytest.mark.parametrize(("severity", "word", "color"), [("warning", "Warning", "33"), ("error", "Error", "31")])
def test_a_diagnostic_without_a_place(severity, word, color):
    lines = render_event({"type": "diagnostic", "diagnostic": {"severity": severity, "summary": "S", "detail": ""}})
    assert plain(lines) == ["╷", f"│ {word}: S", "│", "│", "╵"]
    assert f"\x1b[{color}m" in lines[0]


@pytest.mark.parametrize(
    ("start", "end"), [(3, 4), (-1, 2), (5, 2), (0, 99), ("0", 2), (None, None), (1.5, 2), (True, 2)]
)
def test_a_highlight_that_does_not_fit(start, end):
    snippet = {"code": "aéb", "highlight_start_offset": start, "highlight_end_offset": end}
    event = {"diagnostic": {"range": {"filename": "f"}, "snippet": snippet}, "type": "diagnostic"}
    (line,) = (line for line in plain(render_event(event)) if ": a" in line)
    assert line.endswith(("aéb", "a\ufffd\ufffdb")) or line.startswith("│    ?: a")


def test_lines_of_programs_are_named():
    event = {
        "type": "provision_progress",
        "hook": {"resource": {"addr": "a.b"}, "provisioner": "exec", "output": "1\n2"},
    }
    assert render_event(event) == ["a.b (exec): 1", "2"]


@pytest.mark.parametrize("kind", ["version", "refresh_complete", "planned_change", "resource_drift"])
def test_what_only_programs_need_is_silent(kind):
    assert render_event({"type": kind, "@message": "x"}) == []


def test_the_summary_stands_out_when_it_is_done():
    assert render_event(
        {"type": "change_summary", "@message": "Apply complete!", "changes": {"operation": "apply"}}
    ) == [
        "",
        "\x1b[1m\x1b[32mApply complete!\x1b[0m",
    ]
    assert "\x1b[32m" not in "".join(render_event({"type": "change_summary", "changes": {"operation": "plan"}}))
    assert plain(render_event({"type": "change_summary", "@message": "x", "changes": "no"})) == ["", "x"]


def test_outputs_are_shown_once_they_have_values():
    planned = {"type": "outputs", "outputs": {"a": {"action": "create"}, "s": {"sensitive": True, "action": "create"}}}
    assert render_event(planned) == []
    done = {
        "type": "outputs",
        "outputs": {"a": {"type": "string", "value": "x\ny"}, "s": {"sensitive": True, "value": "hush"}, "bad": 3},
    }
    assert plain(render_event(done))[3:] == ["a = <<EOT", "x", "y", "EOT", "s = <sensitive>"]
    progress = Progress()
    progress.feed(done)
    progress.feed(planned)
    assert progress.outputs == {}
    progress.feed(done)
    assert progress.outputs == {"a": "x\ny", "s": "(sensitive)"}


def test_progress_of_a_whole_apply(monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "time", lambda: now)
    progress = Progress()
    progress.feed(planned("a.b"))
    progress.feed(planned("c.d", "replace"))
    progress.feed(planned("e.f", "noop"))
    assert progress.as_dict() == {"done": 0, "total": 3, "current": [], "finished": []}
    progress.feed(hook("apply_start", "a.b"))
    now += 12.5
    assert progress.as_dict()["current"] == [{"address": "a.b", "action": "create", "seconds": 12}]
    progress.feed(hook("apply_complete", "a.b", elapsed_seconds=12))
    for action in ("delete", "create"):
        progress.feed(hook("apply_start", "c.d", action))
        progress.feed(hook("apply_complete", "c.d", action, elapsed_seconds=1))
    progress.feed(hook("apply_complete", "data.x", "read"))
    shown = progress.as_dict()
    assert (shown["done"], shown["total"], shown["current"]) == (3, 3, [])
    assert shown["finished"][0] == {"address": "a.b", "action": "create", "seconds": 12.5, "failed": False}


def test_what_failed_is_not_done():
    progress = Progress()
    progress.feed(planned("a.b"))
    progress.feed(planned("c.d"))
    progress.feed(hook("apply_errored", elapsed_seconds=3))
    shown = progress.as_dict()
    assert (shown["done"], shown["total"], shown["current"]) == (0, 2, [])
    assert shown["finished"] == [{"address": "a.b", "action": "create", "seconds": 3.0, "failed": True}]


def test_an_interrupted_apply_keeps_what_was_in_flight():
    progress = Progress()
    for address in "abc":
        progress.feed(hook("apply_start", address))
    progress.feed(hook("apply_complete", "b"))
    shown = progress.as_dict()
    assert [one["address"] for one in shown["current"]] == ["a", "c"]
    assert (shown["done"], shown["total"]) == (1, 3)


def test_only_the_last_finished_ones_are_shown():
    progress = Progress()
    for number in range(100):
        progress.feed(hook("apply_complete", str(number)))
    shown = progress.as_dict()
    assert (shown["done"], shown["total"], len(shown["finished"])) == (100, 100, 20)
    assert shown["finished"][-1]["address"] == "99"


@pytest.mark.parametrize("line", ["1", "null", '"x"', "[1]", "[]", "{}", "true", '{"type": []}', '{"type": {"a": 1}}'])
def test_json_that_is_no_event(line):
    progress = Progress()
    progress.feed(json.loads(line))
    assert progress.as_dict()["done"] == 0
    assert render_event(json.loads(line)) == [line]


KEYS = ["type", "hook", "diagnostic", "outputs", "changes", "change", "resource", "action", "addr", "range", "snippet"]
KEYS += ["start", "line", "code", "values", "function_call", "called_as", "signature", "params", "elapsed_seconds"]
KEYS += ["filename", "start_line", "detail", "summary", "highlight_start_offset", "highlight_end_offset", "value"]
KINDS = ["diagnostic", "outputs", "change_summary", "apply_start", "apply_complete", "apply_errored", "planned_change"]
garbled = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(KEYS[1:]), garbled))
@settings(max_examples=150, deadline=None)
def test_garbled_events(kind, event):
    progress = Progress()
    progress.feed({**event, "type": kind})
    progress.as_dict()
    assert all(isinstance(line, str) for line in render_event({**event, "type": kind}))


def test_diagnostics_read_as_terraforms_own(tmp_path):
    (tmp_path / "main.tf").write_text("""
locals {
  m = { a = 1, b = "x" }
}
output "é" {
  value = "é ${local.m.missing}"
}
output "call" {
  value = tonumber(local.m.b)
}
output "regex" {
  value = regex("a", "b")
}
output "format" {
  value = format(["x"], "b")
}
""")
    command = find_executable(os.environ).command

    def plan(*options):
        return subprocess.run(
            [*command, "plan", *options], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        )  # fmt: skip

    def words(text):
        blocks = re.findall(r"╷(.*?)╵", ANSI.sub("", text), re.DOTALL)
        return sorted(" ".join(block.replace("│", " ").split()) for block in blocks)

    told = [json.loads(line) for line in plan("-json").stdout.splitlines()]
    ours = "\n".join(line for event in told for line in render_event(event) if event["type"] == "diagnostic")
    assert words(ours) == words(plan().stderr)
    assert len(words(ours)) == 4


VALUES = r"""
output "o" {
  value = {
    l = tolist(["a"]), s = "x\ny", q = "a\"b\\c\t$${x}%%{y}", n = null, t = [1, "b"], e = [], f = 1.5, b = true
    m = tomap({ "a \"b" = 1 }), z = toset(["é"]), em = {}, ts = tostring(null), deep = [{ x = "p\nq\n" }]
  }
}
output "eot" {
  value = "line\nEOT\nend"
}
output "big" {
  value = 12345678901234567890
}
output "digits" {
  value = [3.14159265358979323846264338327, -0.1, 1e-30, 1e30, 123456789012345678901234567890.5, 1/3, 0.000001]
}
output "control" {
  value = "\u0007\u0001\u007f\u2028\u00a0\u200b\U000e0001\u0000 é😀"
}
output "empty" {
  value = ""
}
"""


def test_values_read_as_terraforms_own(tmp_path):
    (tmp_path / "main.tf").write_text(VALUES)
    command = find_executable(os.environ).command

    def terraform(*arguments):
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True,
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        ).stdout  # fmt: skip

    terraform("apply", "-auto-approve")
    values = json.loads(terraform("output", "-json"), parse_float=decimal_number)
    ours = [f"{name} = {render_value(output['value'], output['type'])}" for name, output in values.items()]
    assert "\n".join(ours) + "\n" == terraform("output")


def test_numbers_keep_all_their_digits(tmp_path):
    """Terraform's own events, read as those of a run: a runbook compares what was written."""
    path = tmp_path / "apply.jsonl"
    values = "[3.14159265358979323846264338327, 0.1, 0.000000000000000000000000000001, 10, 1.50, 2e3]"
    line = f'{{"type": "outputs", "outputs": {{"x": {{"type": "dynamic", "value": {values}}}}}}}'
    path.write_text(f"{line}\n")
    events = ApplyEvents(path)
    events.refresh()
    read = events.progress.outputs["x"]
    assert read == [Decimal("3.14159265358979323846264338327"), 0.1, 1e-30, 10, 1.5, 2000.0]
    assert [type(each) for each in read] == [Decimal, float, float, int, float, float]
    assert to_hcl(read[0]) == "3.14159265358979323846264338327"
    shown = render_event(json.loads(line, parse_float=decimal_number))
    assert "    3.14159265358979323846264338327," in [f"  {each}" for each in shown]


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_no_digit_is_lost(number):
    text = format(number, "f") if "." in format(number, "f") else f"{number:f}.0"
    assert Decimal(number_text(decimal_number(text))) == Decimal(text)


def test_outputs_keep_their_digits_also_where_they_are_sensitive():
    pi = "3.14159265358979323846264338327"
    value = f'{{"pi": [{pi}, 1e-30, true, null, 7], "é": "1"}}'
    text = f'{{"open": {{"sensitive": false, "value": {pi}}}, "closed": {{"sensitive": true, "value": {value}}}}}'
    read = read_outputs(text.encode())
    assert read["open"] == Decimal(pi)
    written = json.loads(read["closed"].reveal(), parse_float=decimal_number)
    assert written == {"pi": [Decimal(pi), 1e-30, True, None, 7], "é": "1"}
    assert masked_outputs(read) == {"open": Decimal(pi), "closed": "(sensitive)"}


def test_how_long_a_resource_has_been_under_way_does_not_begin_anew_where_its_run_is_taken_up_again():
    """Events have their time; what was read long after it happened counts from there."""
    progress = Progress()
    begun = datetime.now(UTC) - timedelta(seconds=90)
    progress.feed({**hook("apply_start", "a.b"), "@timestamp": begun.isoformat().replace("+00:00", "Z")})
    for strange in ("soon", 7, None, "2026-13-25", (begun + timedelta(days=1)).isoformat()):
        progress.feed({**hook("apply_start", f"a.{strange}"), "@timestamp": strange})
    seconds = {one["address"]: one["seconds"] for one in progress.as_dict()["current"]}
    assert 90 <= seconds.pop("a.b") < 100
    assert set(seconds.values()) == {0}


def test_the_events_of_an_apply_are_read_once_as_they_come(tmp_path, monkeypatch):
    path, fed = tmp_path / "apply.jsonl", []
    monkeypatch.setattr(Progress, "feed", lambda _, event: fed.append(event))
    events = ApplyEvents(path)
    events.refresh()  # nothing is there yet
    assert fed == []
    with path.open("a", buffering=1) as file:
        file.write('{"n": 1}\n{"n": 2')
        events.refresh()
        assert fed == [{"n": 1}]
        file.write(f"}}\npanic: no JSON\n{'[' * 100_000}\n" + '"\u2028"\n')
        events.refresh()
        events.refresh()
    assert fed == [{"n": 1}, {"n": 2}, "\u2028"]


def test_the_events_of_an_apply_say_its_outputs(tmp_path):
    path = tmp_path / "apply.jsonl"
    told = {"type": "outputs", "outputs": {"url": {"value": "x"}, "key": {"sensitive": True, "value": "secret"}}}
    path.write_text(f"{json.dumps(hook('apply_complete', 'a.b'))}\n{json.dumps(told)}\n")
    events = ApplyEvents(path)
    events.refresh()
    assert events.progress.outputs == {"url": "x", "key": "(sensitive)"}
    assert [one["address"] for one in events.progress.as_dict()["finished"]] == ["a.b"]
