"""The progress and the outputs of an apply, from its events."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.decimals import decimal_number
from tfmfa_nb.terraform.events import address, final_outputs
from tfmfa_nb.terraform.log import RunLog
from tfmfa_nb.terraform.sensitive_values import SENSITIVE

if TYPE_CHECKING:
    from pathlib import Path

_COUNTED = {"create": 1, "update": 1, "delete": 1, "replace": 2}
_SHOWN_FINISHED = 20  # the latest; the log has all


class ApplyEvents:
    """The events of one apply, read from their file as it grows. Each line is read once.

    Args:
        path: the file, which need not exist yet.

    Attributes:
        progress: the state of the apply, up to the last event read.
    """

    def __init__(self, path: Path) -> None:
        self.progress = Progress()
        self._file, self._read = RunLog(path), 0

    def refresh(self) -> None:
        """Read the lines that are new.

        Raises:
            OSError: the file cannot be read.
        """
        lines = self._file.lines(self._read, count := self._file.refresh())
        self._read = count
        for line in lines:
            try:
                self.progress.feed(json.loads(line, parse_float=decimal_number))
            except (ValueError, RecursionError):
                continue  # output of a program that Terraform started; the log has it


class Progress:
    """The progress of an apply.

    Args:
        total: the number of changes, a replacement counting as two; 0 to count the changes that Terraform announces.
    """

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self.done = 0
        self.outputs: dict[str, Any] = {}
        self._planned = 0
        self._current: dict[tuple[str, str], float] = {}
        self._finished: list[dict[str, Any]] = []

    def feed(self, event: Any) -> None:
        """Process one event; a value that is not an event is ignored."""
        if not isinstance(event, dict):
            return
        kind = event.get("type")
        if kind == "outputs" and isinstance(event.get("outputs"), dict):
            self.outputs = {
                name: SENSITIVE if output.get("sensitive") else output.get("value")
                for name, output in final_outputs(event).items()
            }
        elif kind == "planned_change" and isinstance(event.get("change"), dict):
            self._planned += _COUNTED.get(str(event["change"].get("action")), 0)
            self.total = max(self.total, self._planned)
        elif isinstance(hook := event.get("hook"), dict):
            self._feed_hook(kind, hook, _age(event.get("@timestamp")))

    def complete(self) -> None:
        """The apply has succeeded: what no event was read of is done too."""
        self._current.clear()
        self.done = max(self.total, self.done)

    def _feed_hook(self, kind: object, hook: dict[str, Any], age: float) -> None:
        key = address(hook), str(hook.get("action", ""))
        if kind == "apply_start":
            self._current[key] = time.monotonic() - age
        elif kind in {"apply_complete", "apply_errored"}:
            self._current.pop(key, None)
            elapsed = hook.get("elapsed_seconds")
            seconds = float(elapsed) if isinstance(elapsed, int | float) else 0.0
            failed = kind == "apply_errored"
            self._finished.append({"address": key[0], "action": key[1], "seconds": seconds, "failed": failed})
            # Reading a data source is not one of the plan's changes.
            self.done += kind == "apply_complete" and key[1] in _COUNTED

    def as_dict(self) -> dict[str, Any]:
        """{done, total, current, finished}; the last two are lists of {address, action, seconds}."""
        now = time.monotonic()
        return {
            "done": self.done,
            "total": max(self.total, self.done),
            "current": [
                {"address": resource, "action": action, "seconds": int(now - began)}
                for (resource, action), began in self._current.items()
            ],
            "finished": self._finished[-_SHOWN_FINISHED:],
        }


def _age(timestamp: Any) -> float:
    """The age of an event, in seconds: the events of a run that another kernel started are read late."""
    try:
        return max(0.0, time.time() - datetime.fromisoformat(timestamp).astimezone(UTC).timestamp())
    except (TypeError, ValueError, OverflowError):
        return 0.0
