"""Follows what a cell shows, and the log of its run.

A run's log is read from its file, as far as its display says that it goes: a long log sent through messages would
lose lines.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.terraform.log import RunLog
from tfmfa_nb.views.headless import LOG_KEY

if TYPE_CHECKING:
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
        self._latest: dict[str, Any] = {}
        self.runs: dict[tuple[str, str], dict[str, Any]] = {}
        self.in_cell: list[dict[str, str]] = []

    def begin_cell(self) -> None:
        """Another cell begins."""
        self.in_cell = []
        self._latest = {}

    @property
    def under_way(self) -> bool:
        """Whether Terraform plans or applies in the cell, as far as was told."""
        return self._latest.get("status") in _UNDER_WAY

    @property
    def applying(self) -> bool:
        """Whether the cell's run has come to its apply."""
        return self._latest.get("phase") == Phase.APPLY

    def message(self, kind: str, content: dict[str, Any]) -> bool:
        """Tell what one message shows; whether it is about a run that is new in this cell."""
        if kind == "stream":
            self._display.text(content["text"])
        elif kind == "execute_result":
            self._display.text(content["data"].get("text/plain", ""))
        elif kind in {"display_data", "update_display_data"}:
            shown = content.get("metadata", {}).get(LOG_KEY)
            if isinstance(shown, dict) and isinstance(shown.get("run"), dict):
                return self._follow(shown)
        return False

    def _follow(self, shown: dict[str, Any]) -> bool:
        facts = shown["run"]
        # NAME/.tfmfa/runs/ID/run.log
        folder = str(Path(shown["path"]).parents[3])
        run = {"id": facts["id"], "folder": folder}
        new = run not in self.in_cell
        if new:
            self.in_cell.append(run)
        self._latest = facts
        self.runs[facts["id"], facts["phase"]] = {**facts, "folder": folder}
        self._display.run(shown)
        path, stop = shown["path"], shown["lines"]
        start = max(self._shown.get(path, 0), shown["start"])
        if stop > start:
            log = self._logs.setdefault(path, RunLog(self._folder / path))
            log.refresh()
            for line in log.lines(start, stop):
                self._display.terraform(line)
            self._shown[path] = stop
        return new
