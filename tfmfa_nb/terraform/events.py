"""Terraform's machine-readable output, for people and for a progress bar.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import json
import time
from typing import Any

_BOLD, _RED, _YELLOW, _OFF = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
_SILENT = {"version", "refresh_start", "refresh_complete", "planned_change", "resource_drift"}
_SHOWN_FINISHED = 20  # the last ones; the log has them all


def render(event: dict[str, Any]) -> list[str]:
    """The lines that a person reads for one event; none for what only a program needs."""
    kind, message = event.get("type"), str(event.get("@message", ""))
    if kind == "diagnostic" and isinstance(event.get("diagnostic"), dict):
        return _diagnostic(event["diagnostic"])
    if kind == "outputs" and isinstance(event.get("outputs"), dict):
        return _outputs(event["outputs"])
    if kind == "change_summary":
        return ["", f"{_BOLD}{message}{_OFF}"]
    return [] if kind in _SILENT else message.split("\n")


def _diagnostic(diagnostic: dict[str, Any]) -> list[str]:
    error = diagnostic.get("severity") == "error"
    colour, word = (_RED, "Error") if error else (_YELLOW, "Warning")
    bar = f"{colour}│{_OFF}"
    lines = [f"{bar} {_BOLD}{colour}{word}: {_OFF}{_BOLD}{diagnostic.get('summary', '')}{_OFF}", bar]
    if address := diagnostic.get("address"):
        lines.append(f"{bar}   with {address},")
    place = diagnostic.get("range") or {}
    if place.get("filename"):
        line = (place.get("start") or {}).get("line", "?")
        snippet = diagnostic.get("snippet") or {}
        context = f", in {snippet['context']}" if snippet.get("context") else ""
        lines.append(f"{bar}   on {place['filename']} line {line}{context}:")
        first = snippet.get("start_line", line)
        for offset, code in enumerate(str(snippet.get("code", "")).splitlines()):
            number = first + offset if isinstance(first, int) else first
            lines.append(f"{bar} {number:>4}: {code}")
        lines.append(bar)
    lines += [f"{bar} {line}".rstrip() for line in str(diagnostic.get("detail", "")).splitlines()]
    return [f"{colour}╷{_OFF}", *lines, f"{colour}╵{_OFF}"]


def _outputs(outputs: dict[str, Any]) -> list[str]:
    if not outputs:
        return []
    return [
        "",
        "Outputs:",
        "",
        *(f"{name} = {json.dumps(_value(output))}" for name, output in outputs.items()),
    ]


def _value(output: Any) -> Any:
    if not isinstance(output, dict):
        return None
    return "(sensitive)" if output.get("sensitive") else output.get("value")


class Progress:
    """How far an apply has got.

    Args:
        total: how many changes the plan has; a replacement counts as two.
    """

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self.done = 0
        self.outputs: dict[str, Any] = {}
        self._current: dict[tuple[str, str], float] = {}
        self._finished: list[dict[str, Any]] = []

    def feed(self, event: dict[str, Any]) -> None:
        """Take one event in."""
        kind = event.get("type")
        if kind == "outputs" and isinstance(event.get("outputs"), dict):
            self.outputs = {name: _value(output) for name, output in event["outputs"].items()}
        hook = event.get("hook")
        if not isinstance(hook, dict):
            return
        address = str((hook.get("resource") or {}).get("addr", ""))
        action = str(hook.get("action", ""))
        if kind == "apply_start":
            self._current[address, action] = time.monotonic()
        elif kind in {"apply_complete", "apply_errored"}:
            self._current.pop((address, action), None)
            seconds = float(hook.get("elapsed_seconds") or 0)
            self._finished.append(
                {"address": address, "action": action, "seconds": seconds, "failed": kind == "apply_errored"}
            )
            # A data source that is read during the apply is not one of the plan's changes.
            self.done += kind == "apply_complete" and action != "read"

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
