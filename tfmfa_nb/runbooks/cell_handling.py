"""How the runner handles a cell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CellHandling:
    """How the runner handles a cell: it executes the cell, executes other source in its place, or skips it.

    Attributes:
        source: the source to execute; None for the cell's own, "" to skip the cell.
        keep_outputs: whether the cell keeps the outputs and the execution count that it has.
    """

    source: str | None = None
    keep_outputs: bool = False

    @property
    def skipped(self) -> bool:
        """Whether nothing is executed."""
        return self.source == ""


class RunbookStopped(Exception):
    """The runbook stops before the next cell, by an option or an interrupt and not by an error."""
