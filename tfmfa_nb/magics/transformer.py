"""The input transformers: one reads the cells of ours, the other puts `await` before our magics.

A widget's events reach a running cell only while the cell awaits, so the magics are coroutines.
"""

from __future__ import annotations

import re

from tfmfa_nb.editing.cell import Cell

AWAITED = ("tfplan", "tfapply", "tfmfa", "tfruns")

_NAMES = "|".join(AWAITED)
_OURS = re.compile(rf"(?<!await )get_ipython\(\)\.run_(?:cell|line)_magic\('(?:{_NAMES})', ")
# Magics that run a cell's Python themselves, and cannot await what is in it.
_AROUND = re.compile(
    r"get_ipython\(\)\.run_(?:cell|line)_magic\('(?P<outer>time|timeit|capture|prun|debug)', "
    rf".*%(?P<inner>{_NAMES})\b"
)


class ReadCells:
    """Turns a cell of ours into the call of its magic, before IPython's own transformers see it.

    Those would dedent the HCL, take out what looks like Python's prompts in it, and refuse a line that is indented
    further than the HCL below it; how they do it differs between the versions of IPython.
    """

    has_side_effects = True
    """IPython's word for: not while a person is still typing. A terminal waits for the blank line after a cell."""

    def __call__(self, lines: list[str]) -> list[str]:
        """Read a cell, given as its lines."""
        cell = Cell.read("".join(lines))
        if cell is None:
            return lines
        line = cell.line.strip()
        # Over an empty cell it is the line magic; IPython would refuse the cell before we are asked.
        call = f"cell_magic({cell.magic!r}, {line!r}, {cell.body!r})" if cell.body.strip() else None
        return [f"get_ipython().run_{call or f'line_magic({cell.magic!r}, {line!r})'}\n"]


def await_magics(lines: list[str]) -> list[str]:
    """Rewrite a cell that IPython has already turned into Python.

    Args:
        lines: the cell's lines.

    Raises:
        SyntaxError: another magic is wrapped around one of ours; it would silently not run.
    """
    for line in lines:
        if match := _AROUND.search(line):
            outer, inner = match["outer"], match["inner"]
            raise SyntaxError(
                f"%%{outer} cannot run %%{inner}, which waits for a person. Leave %%{outer} out: "
                "the run keeps its own time (run.seconds) and its own log (run.log_text())."
            )
    return [_OURS.sub(lambda match: f"await {match[0]}", line) for line in lines]
