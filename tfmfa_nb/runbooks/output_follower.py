"""Follows the outputs of cells, and the logs of their runs.

A run's log is read from its file, up to the line that the run's output names: a long log would lose lines in messages.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.terraform.log import RunLog
from tfmfa_nb.views.headless import LOG_KEY

if TYPE_CHECKING:
    from tfmfa_nb.runbooks.display import Display

_IN_PROGRESS = {Status.PLANNING, Status.CONFIRMED, Status.APPLYING}


class OutputFollower:
    """Passes the outputs of one kernel's cells on to a display.

    Args:
        display: shows them.
        folder: the kernel's working folder.

    Attributes:
        runs: the latest facts of each run with its environment's folder, by the run's id and phase.
        cell_runs: the id and the environment's folder of each run of the current cell.
    """

    def __init__(self, display: Display, folder: Path) -> None:
        self._display, self._folder = display, folder
        self._logs: dict[str, RunLog] = {}
        self._lines_shown: dict[str, int] = {}
        self._current_run: dict[str, Any] = {}
        self.runs: dict[tuple[str, str], dict[str, Any]] = {}
        self.cell_runs: list[dict[str, str]] = []

    def begin_cell(self) -> None:
        """Start the next cell."""
        self.cell_runs = []
        self._current_run = {}

    @property
    def in_progress(self) -> bool:
        """Whether Terraform plans or applies in the cell, by the latest output."""
        return self._current_run.get("status") in _IN_PROGRESS

    @property
    def applying(self) -> bool:
        """Whether the cell's run has reached its apply."""
        return self._current_run.get("phase") == Phase.APPLY

    def process_message(self, kind: str, content: dict[str, Any]) -> bool:
        """Show the output in a message; whether it is the first output of a run in this cell."""
        if kind == "stream":
            self._display.output(content["text"])
        elif kind == "execute_result":
            self._display.output(content["data"].get("text/plain", ""))
        elif kind in {"display_data", "update_display_data"}:
            output = content.get("metadata", {}).get(LOG_KEY)
            if isinstance(output, dict) and isinstance(output.get("run"), dict):
                return self._follow(output)
        return False

    def _follow(self, output: dict[str, Any]) -> bool:
        facts = output["run"]
        folder = str(Path(output["path"]).parents[3])  # the path is FOLDER/.tfmfa/runs/ID/run.log
        run = {"id": facts["id"], "folder": folder}
        new = run not in self.cell_runs
        if new:
            self.cell_runs.append(run)
        self._current_run = facts
        self.runs[facts["id"], facts["phase"]] = {**facts, "folder": folder}
        self._display.run(output)
        path, stop = output["path"], output["lines"]
        start = max(self._lines_shown.get(path, 0), output["start"])
        if stop > start:
            log = self._logs.setdefault(path, RunLog(self._folder / path))
            log.refresh()
            for line in log.lines(start, stop):
                self._display.log_line(line)
            self._lines_shown[path] = stop
        return new
