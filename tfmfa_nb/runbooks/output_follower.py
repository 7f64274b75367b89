"""Follows the outputs of cells, and the logs of their runs.

A run's log is read from its file, up to the line that the run's output names: a long log would lose lines in messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.run_display import run_display
from tfmfa_nb.terraform.log import RunLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tfmfa_nb.protocol.run_display import DisplayedRun, RunDisplay
    from tfmfa_nb.runbooks.display import Display

_IN_PROGRESS = {Status.PLANNING, Status.CONFIRMED, Status.APPLYING, Status.RUNNING}


class OutputFollower:
    """Passes the outputs of one kernel's cells on to a display.

    Args:
        display: shows them.
        folder: the kernel's working folder.
        on_display: called with each state of a run that a cell displays.

    Attributes:
        runs: the latest facts of each run with its environment's folder, by the run's id and phase.
        cell_runs: the id and the environment's folder of each run of the current cell.
    """

    def __init__(self, display: Display, folder: Path, on_display: Callable[[RunDisplay], None]) -> None:
        self._display, self._folder, self._on_display = display, folder, on_display
        self._logs: dict[str, RunLog] = {}
        self._lines_shown: dict[str, int] = {}
        self._current_run: DisplayedRun | None = None
        self.runs: dict[tuple[str, str], dict[str, Any]] = {}
        self.cell_runs: list[dict[str, str]] = []
        self._shown: dict[str, str] = {}
        self._updated: dict[str, str] = {}

    def begin_cell(self) -> None:
        """Start the next cell."""
        self.cell_runs = []
        self._current_run = None

    def end_cell(self) -> None:
        """Show the outputs that were updated as they are now, such as the table of a fleet."""
        for place, text in self._updated.items():
            if text != self._shown.get(place):
                self._display.output(text)
        self._updated.clear()
        self._shown.clear()

    @property
    def in_progress(self) -> bool:
        """Whether Terraform plans or applies in the cell, by the latest output."""
        return self._current_run is not None and self._current_run.status in _IN_PROGRESS

    @property
    def applying(self) -> bool:
        """Whether the cell's run has reached its apply, or another change."""
        return self._current_run is not None and self._current_run.phase in {Phase.APPLY, Phase.CHANGE}

    def process_message(self, kind: str, content: dict[str, Any]) -> bool:
        """Show the output in a message; whether `cell_runs` has changed."""
        if kind == "stream":
            self._display.output(content["text"])
        elif kind == "execute_result":
            self._display.output(content["data"].get("text/plain", ""))
        elif kind in {"display_data", "update_display_data"}:
            shown = run_display(content.get("metadata"))
            if shown is not None:
                return self._follow(shown)
            place, text = content.get("transient", {}).get("display_id", ""), content["data"].get("text/plain")
            if kind == "display_data" and text:  # such as the list of the runs
                self._display.output(text)
                self._shown[place] = text
            elif text:
                self._updated[place] = text
        return False

    def _follow(self, shown: RunDisplay) -> bool:
        run = {"id": shown.run.id, "folder": shown.folder}
        if not shown.path:
            return self._forget(run, shown)
        new = run not in self.cell_runs
        if new:
            self.cell_runs.append(run)
        self._current_run = shown.run
        self.runs[shown.run.id, shown.run.phase] = {**encode(shown.run), "folder": shown.folder}
        self._display.run(shown)
        self._on_display(shown)
        start = max(self._lines_shown.get(shown.path, 0), shown.start)
        if shown.lines > start:
            log = self._logs.setdefault(shown.path, RunLog(self._folder / shown.path))
            log.refresh()
            for line in log.lines(start, shown.lines):
                self._display.log_line(line, shown.run)
            self._lines_shown[shown.path] = shown.lines
        return new

    def _forget(self, run: dict[str, str], shown: RunDisplay) -> bool:
        """A start that was refused is no run: nothing of it can be resumed, nor confirmed."""
        self._current_run = None
        self._display.run(shown)
        self._on_display(shown)
        self.runs.pop((shown.run.id, shown.run.phase), None)
        if known := run in self.cell_runs:
            self.cell_runs.remove(run)
        return known
