"""The progress of an apply, from the events that Terraform writes to disk; for driving and for following a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.runs.events import ProgressMade

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver


class ApplyProgress:
    """Reports the progress of an apply; reads each event once.

    Args:
        driver: driver of the run.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._events = driver.store.apply_events
        self._reported = self._events.progress.as_dict()

    def look(self) -> None:
        """Read the new events, and report the progress if it has changed.

        Raises:
            OSError: the file cannot be read.
        """
        self._events.refresh()
        self._report()

    def complete(self) -> None:
        """Report that all is done: the apply has succeeded, also where nobody was left to write down its events."""
        self._events.progress.complete()
        self._report()

    def _report(self) -> None:
        progress = self._events.progress.as_dict()
        if progress != self._reported:
            self._reported = progress
            self._driver.tell(ProgressMade(progress))

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs that the apply has reported so far."""
        return dict(self._events.progress.outputs)
