"""How a cell of a runbook is executed, or that none further is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CellHandling:
    """How a cell is executed.

    Attributes:
        code: what is executed in its stead; "" for nothing at all, None for its own.
        keep: whether the cell keeps what it showed before.
    """

    code: str | None = None
    keep: bool = False


class RunbookStopped(Exception):
    """The runbook goes no further; not because of a cell."""
