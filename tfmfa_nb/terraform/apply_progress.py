"""The progress and the outputs of an apply, from its events."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.decimals import decimal_number
from tfmfa_nb.terraform.events import final_outputs
from tfmfa_nb.terraform.log import RunLog
from tfmfa_nb.terraform.resource_applies import ApplyState, ResourceApplies
from tfmfa_nb.terraform.sensitive_values import SENSITIVE

if TYPE_CHECKING:
    from pathlib import Path

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

    Attributes:
        resources: what it does to each resource.
        outputs: the outputs by name; a sensitive one is "(sensitive)".
    """

    def __init__(self) -> None:
        self.resources = ResourceApplies()
        self.outputs: dict[str, Any] = {}

    def feed(self, event: Any) -> None:
        """Process one event; a value that is not an event is ignored."""
        if not isinstance(event, dict):
            return
        if event.get("type") == "outputs":
            self.outputs = {
                name: SENSITIVE if output.get("sensitive") else output.get("value")
                for name, output in final_outputs(event).items()
            }
        else:
            self.resources.feed(event)

    def complete(self) -> None:
        """The apply has succeeded: what no event was read of is done too."""
        self.resources.complete()

    def as_dict(self) -> dict[str, Any]:
        """{done, total, current, finished}; the last two are lists of {address, action, seconds}."""
        now, resources = time.time(), self.resources
        return {
            "done": resources.done,
            "total": resources.total,
            "current": [
                {"address": each.address, "action": each.action, "seconds": max(0, int(now - each.start))}
                for each in resources.running
            ],
            "finished": [
                {
                    "address": each.address,
                    "action": each.action,
                    "seconds": each.seconds,
                    "failed": each.state is ApplyState.FAILED,
                }
                for each in resources.finished(_SHOWN_FINISHED)
            ],
        }
