"""How a terminal shows a question of the notebook's own, so that nobody takes it for one of this package."""

from __future__ import annotations

from rich.cells import chop_cells

from tfmfa_nb.views.sanitize import one_line

_MOST = 600  # characters
_NARROWEST = 10  # columns left for the question


def marked(question: str, cell: int, columns: int) -> str:
    """The notebook's question as one prompt, in which each row of the terminal begins by saying whose it is.

    A question that the terminal wrapped could continue, at the left edge, like a prompt for a code.

    Args:
        question: whatever the notebook asks.
        cell: number of the cell, from 1.
        columns: width of the terminal.
    """
    mark = f"Notebook asks (cell {cell}): "
    rows = chop_cells(one_line(question.strip(), _MOST), max(columns - len(mark) - 1, _NARROWEST))
    return "\n".join(f"{mark}{row}" for row in rows or [""]).rstrip() + " "
