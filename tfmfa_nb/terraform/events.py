"""Terraform's machine-readable output, for people and for a progress bar.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from tfmfa_nb.terraform.outputs import render_value

_BOLD, _UNDERLINE, _RED, _GREEN, _YELLOW, _OFF = "\x1b[1m", "\x1b[4m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"
# What Terraform's own text does not say either.
_SILENT = {"version", "refresh_complete", "planned_change", "resource_drift", "provision_complete"}
_COUNTED = {"create": 1, "update": 1, "delete": 1, "replace": 2}
_SHOWN_FINISHED = 20  # the last ones; the log has them all


def render(event: Any) -> list[str]:
    """The lines that a person reads for one event; none for what only a program needs.

    Args:
        event: as it was read from JSON; what is no event is shown as it is.
    """
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str):
        return [json.dumps(event)]
    message = str(event.get("@message", ""))
    if kind == "diagnostic" and isinstance(event.get("diagnostic"), dict):
        return _diagnostic(event["diagnostic"])
    if kind == "outputs" and isinstance(event.get("outputs"), dict):
        return _outputs(event["outputs"])
    if kind == "change_summary":
        colour = _GREEN if _table(event, "changes").get("operation") != "plan" else ""
        return ["", f"{_BOLD}{colour}{message}{_OFF}"]
    hook = _table(event, "hook")
    if kind == "provision_progress" and "output" in hook:
        return f"{_address(hook)} ({hook.get('provisioner')}): {hook['output']}".split("\n")
    return [] if kind in _SILENT else message.split("\n")


def _table(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """A member that is an object; an empty one where it is missing, or something else."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _address(hook: dict[str, Any]) -> str:
    return str(_table(hook, "resource").get("addr", ""))


def _diagnostic(diagnostic: dict[str, Any]) -> list[str]:
    error = diagnostic.get("severity") == "error"
    colour, word = (_RED, "Error") if error else (_YELLOW, "Warning")
    summary, *more = str(diagnostic.get("summary", "")).split("\n")
    body = [f"{_BOLD}{colour}{word}: {_OFF}{_BOLD}{summary}{_OFF}", *more, ""]
    if address := diagnostic.get("address"):
        body.append(f"  with {address},")
    body += _place(diagnostic)
    body += str(diagnostic.get("detail") or "").split("\n")
    bar = f"{colour}│{_OFF}"
    return [f"{colour}╷{_OFF}", *(f"{bar} {line}".rstrip() for line in body), f"{colour}╵{_OFF}"]


def _place(diagnostic: dict[str, Any]) -> list[str]:
    """Where in the configuration, with the code there, the values in it, and an empty line."""
    place, snippet = _table(diagnostic, "range"), _table(diagnostic, "snippet")
    if not place.get("filename"):
        return [""] if diagnostic.get("address") else []
    line = _table(place, "start").get("line", "?")
    context = f", in {snippet['context']}" if snippet.get("context") else ""
    lines = [f"  on {place['filename']} line {line}{context}:"]
    first = snippet.get("start_line", line)
    for offset, code in enumerate(_underlined(snippet).split("\n") if snippet.get("code") else []):
        number = first + offset if isinstance(first, int) else first
        lines.append(f"{number!s:>4}: {code}")
    given = snippet.get("values")
    values = [
        f"{_BOLD}{value.get('traversal', '')}{_OFF} {value.get('statement', '')}"
        for value in (given if isinstance(given, list) else [])
        if isinstance(value, dict)
    ]
    called = _called(_table(snippet, "function_call"))
    if values or called:
        lines.append("    ├────────────────")
        lines += [f"    │ while calling {called}"] if called else []
        lines += [f"    │ {value}" for value in values]
    return [*lines, ""]


def _called(call: dict[str, Any]) -> str:
    """A function and the names of its parameters: file(path)."""
    signature = _table(call, "signature")
    given = signature.get("params")
    names = [str(one.get("name", "")) for one in (given if isinstance(given, list) else []) if isinstance(one, dict)]
    if more := _table(signature, "variadic_param").get("name"):
        names.append(f"{more}...")
    return f"{_BOLD}{call['called_as']}{_OFF}({', '.join(names)})" if call.get("called_as") else ""


def _underlined(snippet: dict[str, Any]) -> str:
    """The code, with the place that is meant underlined; the offsets count bytes."""
    code = str(snippet["code"]).encode("utf-8", "replace")
    start, end = snippet.get("highlight_start_offset", 0), snippet.get("highlight_end_offset", 0)
    numbers = isinstance(start, int) and isinstance(end, int)
    if not numbers or not 0 <= start < end <= len(code) or b"\n" in code[start:end]:
        return code.decode()
    parts = (part.decode("utf-8", "replace") for part in (code[:start], code[start:end], code[end:]))
    before, meant, after = parts
    return f"{before}{_UNDERLINE}{meant}{_OFF}{after}"


def _outputs(outputs: dict[str, Any]) -> list[str]:
    lines = []
    for name, output in outputs.items():
        if not _is_final(output):
            continue
        if output.get("sensitive"):
            lines.append(f"{name} = <sensitive>")
        else:
            lines += f"{name} = {render_value(output.get('value'), output.get('type'))}".split("\n")
    return ["", f"{_BOLD}{_GREEN}Outputs:{_OFF}", "", *lines] if lines else []


def _is_final(output: Any) -> bool:
    """Whether an output has its value; a plan only says what will be done to it."""
    return isinstance(output, dict) and (
        "value" in output or (bool(output.get("sensitive")) and "action" not in output)
    )


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

    def feed(self, event: Any) -> None:
        """Take one event in; what is none, such as a line of a program that Terraform started, is passed over."""
        if not isinstance(event, dict):
            return
        kind = event.get("type")
        if kind == "outputs" and isinstance(event.get("outputs"), dict):
            final = {name: output for name, output in event["outputs"].items() if _is_final(output)}
            self.outputs = {name: _value(output) for name, output in final.items()}
        elif kind == "planned_change" and isinstance(event.get("change"), dict):
            self._planned += _COUNTED.get(str(event["change"].get("action")), 0)
            self.total = max(self.total, self._planned)
        elif isinstance(hook := event.get("hook"), dict):
            self._feed_hook(kind, hook, _age(event.get("@timestamp")))

    def _feed_hook(self, kind: object, hook: dict[str, Any], age: float) -> None:
        address, action = _address(hook), str(hook.get("action", ""))
        if kind == "apply_start":
            self._current[address, action] = time.monotonic() - age
        elif kind in {"apply_complete", "apply_errored"}:
            self._current.pop((address, action), None)
            given = hook.get("elapsed_seconds")
            seconds = float(given) if isinstance(given, int | float) else 0.0
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


def _age(timestamp: Any) -> float:
    """How many seconds ago an event happened; those of a run that is taken up again are read late."""
    try:
        return max(0.0, time.time() - datetime.fromisoformat(timestamp).astimezone(UTC).timestamp())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _value(output: dict[str, Any]) -> Any:
    return "(sensitive)" if output.get("sensitive") else output.get("value")
