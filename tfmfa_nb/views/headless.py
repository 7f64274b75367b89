"""The view of a run that nobody watches: one output, updated, that ends as the static summary.

Its metadata say where the log is and how far it goes, so that whoever executes the notebook can follow it there.
"""

from __future__ import annotations

import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from IPython.display import display

from tfmfa_nb.protocol.codec import encode, parse
from tfmfa_nb.protocol.records import FIELDS
from tfmfa_nb.protocol.run_display import (
    DISPLAY_KEY,
    Counts,
    DisplayedChange,
    DisplayedIdentity,
    DisplayedProgress,
    DisplayedRun,
    RunDisplay,
)
from tfmfa_nb.views.sanitize import sanitize_all
from tfmfa_nb.views.static import leave_summary
from tfmfa_nb.views.summary import summary_bundle
from tfmfa_nb.views.wording import lock_sentence

if TYPE_CHECKING:
    from IPython.core.display_functions import DisplayHandle

    from tfmfa_nb.runs.run import Run

_WATCHED = ["status", "phase", "log_lines", "lock_indicator", "progress"]
_PACE = 0.25  # seconds between two updates
# What the record has in the very form in which it is displayed.
_FLEET = "fleet"  # which no view of one run shows
_OF_THE_RECORD = [
    each.name
    for each in fields(DisplayedRun)
    if each.name in FIELDS and each.type in {str, float} and each.name != _FLEET
]
_MOST = 200  # changes and roles in the facts; the audit trail and the log have them all


class HeadlessView:
    """Shows `run` in a notebook that is executed by a program.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._handle: DisplayHandle | None = None
        self._told = 0.0

    def begin(self) -> None:
        """Show the output that will be updated."""
        self._handle = display(self.bundle(), raw=True, metadata=self.metadata(), display_id=True)
        self._run.observe(self._changed, names=_WATCHED)

    def end(self) -> None:
        """Leave the static summary."""
        self._run.unobserve(self._changed, names=_WATCHED)
        if self._handle is not None:
            leave_summary(self._run, self._handle, self.metadata())

    def _changed(self, change: dict[str, Any]) -> None:
        if change["name"] not in {"log_lines", "progress"} or time.monotonic() - self._told > _PACE:
            self._update()

    def _update(self) -> None:
        self._told = time.monotonic()
        if self._handle is not None:
            self._handle.update(self.bundle(), raw=True, metadata=self.metadata())

    def bundle(self) -> dict[str, str]:
        """The run as it is now, as text and HTML."""
        return summary_bundle(self._run)

    def metadata(self) -> dict[str, Any]:
        """What a program that executes the notebook can follow, and keep."""
        shown = encode(_display_of(self._run))
        return {DISPLAY_KEY: {**shown, "run": sanitize_all(shown["run"])}}


def show_restored(run: Run) -> None:
    """Show a run of an earlier kernel once, as it is now."""
    view = HeadlessView(run)
    display(view.bundle(), raw=True, metadata=view.metadata())


def _display_of(run: Run) -> RunDisplay:
    return RunDisplay(
        folder=run.folder,
        path=run.log_path,
        start=run.log_start,
        lines=run.log_lines,
        lock_indicator=run.lock_indicator,
        lock_sentence=lock_sentence(run) if run.lock_indicator_text else "",
        progress=DisplayedProgress(done=int(run.progress.get("done", 0)), total=int(run.progress.get("total", 0))),
        run=_displayed(run),
    )


def _displayed(run: Run) -> DisplayedRun:
    """What a record says of this phase of the run; nothing in it is secret."""
    roles = [hop.get("arn", "") for role in run.roles for hop in role.get("hops", ())]
    identity = {name: run.identity.get(name, "") for name in ("account", "arn", "serial_number")}
    return DisplayedRun(
        **{name: getattr(run, name) for name in _OF_THE_RECORD},
        fleet=run.driver.record.fleet,
        counts=parse(run.counts, Counts),
        identity=DisplayedIdentity(**identity),
        roles=tuple(roles[:_MOST]),
        changes=tuple(
            DisplayedChange(address=change["address"], action=change["action"]) for change in run.changes[:_MOST]
        ),
    )
