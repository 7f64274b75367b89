"""How far an apply is, from the events that Terraform leaves on disk: driving and following a run read them here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.runs.events import ProgressMade
from tfmfa_nb.terraform.apply_progress import ApplyEvents

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver


class ApplyProgress:
    """Reads each event of an apply once.

    Args:
        driver: of the run, which tells the progress.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._events = ApplyEvents(driver.store.files.apply_events)
        self._told = self._events.progress.as_dict()

    def look(self) -> None:
        """Take in what has come since, and tell it."""
        self._events.refresh()
        progress = self._events.progress.as_dict()
        if progress != self._told:
            self._told = progress
            self._driver.tell(ProgressMade(progress))

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs that the apply has reported so far."""
        return dict(self._events.progress.outputs)
