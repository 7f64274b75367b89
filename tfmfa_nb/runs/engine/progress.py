"""The progress of an apply, from the events that Terraform writes to disk; for driving and for following a run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tfmfa_nb.runs.earlier_applies import earlier_durations
from tfmfa_nb.runs.events import ProgressMade

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.apply_estimate import Durations

_learning = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tfmfa-learn")


class ApplyProgress:
    """Reports the progress of an apply; reads each event once.

    Args:
        driver: driver of the run.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._events = driver.store.apply_events
        self._durations: Future[Durations] | None = None
        self._reported: tuple[int, bool] = (0, False)

    def estimate(self) -> None:
        """Report from now on when the apply will end, if the earlier ones tell; they are read in the background."""
        self._durations = _learning.submit(earlier_durations, self._driver.store)

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
        progress, ready = self._events.progress, self._durations is not None and self._durations.done()
        version = progress.resources.version, ready
        if version != self._reported and version[0]:
            self._reported = version
            ends_at = None
            if self._durations is not None and ready:
                ends_at = self._durations.result().ends_at(progress.resources, self._driver.ports.clock())
            self._driver.tell(ProgressMade({**progress.as_dict(), "ends_at": ends_at}))

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs that the apply has reported so far."""
        return dict(self._events.progress.outputs)
