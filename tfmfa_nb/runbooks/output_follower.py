"""Follows what a cell shows, and the log of its run.

A run's log is read from its file, as far as its display says that it goes: a long log sent through messages would
lose lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.display import run_display
from tfmfa_nb.terraform.log import RunLog

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.protocol.display import DisplayedRun, RunDisplay
    from tfmfa_nb.runbooks.display import Display

_UNDER_WAY = {Status.PLANNING, Status.CONFIRMED, Status.APPLYING}


class OutputFollower:
    """Tells the display what the messages of one kernel show.

    Args:
        display: told.
        folder: the kernel's.

    Attributes:
        runs: what the runs' displays said last, by the run's id and phase; and the run's folder.
        in_cell: the runs of the cell that is being executed.
    """

    def __init__(self, display: Display, folder: Path) -> None:
        self._display, self._folder = display, folder
        self._logs: dict[str, RunLog] = {}
        self._shown: dict[str, int] = {}
        self._latest: DisplayedRun | None = None
        self.runs: dict[tuple[str, str], dict[str, Any]] = {}
        self.in_cell: list[dict[str, str]] = []

    def begin_cell(self) -> None:
        """Another cell begins."""
        self.in_cell = []
        self._latest = None

    @property
    def under_way(self) -> bool:
        """Whether Terraform plans or applies in the cell, as far as was told."""
        return self._latest is not None and self._latest.status in _UNDER_WAY

    @property
    def applying(self) -> bool:
        """Whether the cell's run has come to its apply."""
        return self._latest is not None and self._latest.phase == Phase.APPLY

    def message(self, kind: str, content: dict[str, Any]) -> bool:
        """Tell what one message shows; whether it is about a run that is new in this cell."""
        if kind == "stream":
            self._display.text(content["text"])
        elif kind == "execute_result":
            self._display.text(content["data"].get("text/plain", ""))
        elif kind in {"display_data", "update_display_data"}:
            shown = run_display(content.get("metadata"))
            if shown is not None:
                return self._follow(shown)
        return False

    def _follow(self, shown: RunDisplay) -> bool:
        run = {"id": shown.run.id, "folder": shown.folder}
        new = run not in self.in_cell
        if new:
            self.in_cell.append(run)
        self._latest = shown.run
        self.runs[shown.run.id, shown.run.phase] = {**encode(shown.run), "folder": shown.folder}
        self._display.run(shown)
        start = max(self._shown.get(shown.path, 0), shown.start)
        if shown.lines > start:
            log = self._logs.setdefault(shown.path, RunLog(self._folder / shown.path))
            log.refresh()
            for line in log.lines(start, shown.lines):
                self._display.terraform(line)
            self._shown[shown.path] = shown.lines
        return new
