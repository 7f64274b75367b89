"""Terraform's machine-readable output, for people and for a progress bar.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import time
from typing import Any

from tfmfa_nb.terraform.outputs import render_value

_BOLD, _UNDERLINE, _RED, _GREEN, _YELLOW, _OFF = "\x1b[1m", "\x1b[4m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"
# What Terraform's own text does not say either.
_SILENT = {"version", "refresh_complete", "planned_change", "resource_drift", "provision_complete"}
_COUNTED = {"create": 1, "update": 1, "delete": 1, "replace": 2}
_SHOWN_FINISHED = 20  # the last ones; the log has them all


def render(event: dict[str, Any]) -> list[str]:
    """The lines that a person reads for one event; none for what only a program needs."""
    kind, message = event.get("type"), str(event.get("@message", ""))
    if kind == "diagnostic" and isinstance(event.get("diagnostic"), dict):
        return _diagnostic(event["diagnostic"])
    if kind == "outputs" and isinstance(event.get("outputs"), dict):
        return _outputs(event["outputs"])
    if kind == "change_summary":
        colour = _GREEN if (event.get("changes") or {}).get("operation") != "plan" else ""
        return ["", f"{_BOLD}{colour}{message}{_OFF}"]
    hook = event.get("hook")
    if kind == "provision_progress" and isinstance(hook, dict) and "output" in hook:
        return f"{_address(hook)} ({hook.get('provisioner')}): {hook['output']}".split("\n")
    return [] if kind in _SILENT else message.split("\n")


def _address(hook: dict[str, Any]) -> str:
    return str((hook.get("resource") or {}).get("addr", ""))


def _diagnostic(diagnostic: dict[str, Any]) -> list[str]:
    error = diagnostic.get("severity") == "error"
    colour, word = (_RED, "Error") if error else (_YELLOW, "Warning")
    summary, *more = str(diagnostic.get("summary", "")).split("\n")
    body = [f"{_BOLD}{colour}{word}: {_OFF}{_BOLD}{summary}{_OFF}", *more, ""]
    if address := diagnostic.get("address"):
        body.append(f"  with {address},")
    body += _place(diagnostic)
    body += str(diagnostic.get("detail", "")).split("\n")
    bar = f"{colour}│{_OFF}"
    return [f"{colour}╷{_OFF}", *(f"{bar} {line}".rstrip() for line in body), f"{colour}╵{_OFF}"]


def _place(diagnostic: dict[str, Any]) -> list[str]:
    """Where in the configuration, with the code there, the values in it, and an empty line."""
    place, snippet = diagnostic.get("range") or {}, diagnostic.get("snippet") or {}
    if not place.get("filename"):
        return [""] if diagnostic.get("address") else []
    line = (place.get("start") or {}).get("line", "?")
    context = f", in {snippet['context']}" if snippet.get("context") else ""
    lines = [f"  on {place['filename']} line {line}{context}:"]
    first = snippet.get("start_line", line)
    for offset, code in enumerate(_underlined(snippet).split("\n") if snippet.get("code") else []):
        number = first + offset if isinstance(first, int) else first
        lines.append(f"{number:>4}: {code}")
    values = [f"{_BOLD}{v.get('traversal', '')}{_OFF} {v.get('statement', '')}" for v in snippet.get("values") or []]
    called = (snippet.get("function_call") or {}).get("called_as")
    if values or called:
        lines.append("    ├────────────────")
        lines += [f"    │ while calling {_BOLD}{called}{_OFF}"] if called else []
        lines += [f"    │ {value}" for value in values]
    return [*lines, ""]


def _underlined(snippet: dict[str, Any]) -> str:
    """The code, with the place that is meant underlined; the offsets count bytes."""
    code = str(snippet["code"]).encode()
    start, end = snippet.get("highlight_start_offset", 0), snippet.get("highlight_end_offset", 0)
    if not 0 <= start < end <= len(code) or b"\n" in code[start:end]:
        return code.decode()
    parts = (part.decode("utf-8", "replace") for part in (code[:start], code[start:end], code[end:]))
    before, meant, after = parts
    return f"{before}{_UNDERLINE}{meant}{_OFF}{after}"


def _outputs(outputs: dict[str, Any]) -> list[str]:
    lines = []
    for name, output in outputs.items():
        if output.get("sensitive"):
            lines.append(f"{name} = <sensitive>")
        elif "value" in output:  # a plan's outputs have none yet
            lines += f"{name} = {render_value(output['value'], output.get('type'))}".split("\n")
    return ["", f"{_BOLD}{_GREEN}Outputs:{_OFF}", "", *lines] if lines else []


class Progress:
    """How far an apply has got.

    Args:
        total: how many changes the plan has; a replacement counts as two. Terraform's own announcement of each
            change is counted too, so that 0 will do.
    """

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self.done = 0
        self.outputs: dict[str, Any] = {}
        self._planned = 0
        self._current: dict[tuple[str, str], float] = {}
        self._finished: list[dict[str, Any]] = []

    def feed(self, event: dict[str, Any]) -> None:
        """Take one event in."""
        kind = event.get("type")
        if kind == "outputs" and isinstance(event.get("outputs"), dict):
            self.outputs = {name: _value(output) for name, output in event["outputs"].items()}
        elif kind == "planned_change" and isinstance(event.get("change"), dict):
            self._planned += _COUNTED.get(str(event["change"].get("action")), 0)
            self.total = max(self.total, self._planned)
        elif isinstance(hook := event.get("hook"), dict):
            self._feed_hook(kind, hook)

    def _feed_hook(self, kind: object, hook: dict[str, Any]) -> None:
        address, action = _address(hook), str(hook.get("action", ""))
        if kind == "apply_start":
            self._current[address, action] = time.monotonic()
        elif kind in {"apply_complete", "apply_errored"}:
            self._current.pop((address, action), None)
            seconds = float(hook.get("elapsed_seconds") or 0)
            self._finished.append(
                {"address": address, "action": action, "seconds": seconds, "failed": kind == "apply_errored"}
            )
            # A data source that is read during the apply is not one of the plan's changes.
            self.done += kind == "apply_complete" and action in _COUNTED

    def as_dict(self) -> dict[str, Any]:
        """done, total, current and the last finished: [{address, action, seconds}]."""
        now = time.monotonic()
        return {
            "done": self.done,
            "total": max(self.total, self.done),
            "current": [
                {"address": address, "action": action, "seconds": int(now - began)}
                for (address, action), began in self._current.items()
            ],
            "finished": self._finished[-_SHOWN_FINISHED:],
        }


def _value(output: Any) -> Any:
    if not isinstance(output, dict):
        return None
    return "(sensitive)" if output.get("sensitive") else output.get("value")
