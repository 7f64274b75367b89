"""How far an apply is, from the events that Terraform leaves on disk: driving and following a run read them here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tfmfa_nb.runs.events import ProgressMade
from tfmfa_nb.terraform.events import Progress
from tfmfa_nb.terraform.log import RunLog

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver


class ApplyProgress:
    """Reads each event of an apply once.

    Args:
        driver: of the run, which tells the progress.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._events = RunLog(driver.store.files.apply_events)
        self._progress = Progress()
        self._seen = 0
        self._told = self._progress.as_dict()

    def look(self) -> None:
        """Take in what has come since, and tell it."""
        for line in self._events.lines(self._seen, count := self._events.refresh()):
            try:
                self._progress.feed(json.loads(line))
            except (ValueError, TypeError, AttributeError, RecursionError):
                continue  # a line of a program that Terraform started; the log has it
        self._seen = count
        progress = self._progress.as_dict()
        if progress != self._told:
            self._told = progress
            self._driver.tell(ProgressMade(progress))

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs that the apply has reported so far."""
        return dict(self._progress.outputs)
