"""The input transformers: one reads HCL cells, the other puts `await` before the magics.

Widget events reach a running cell only while the cell awaits, so the magics are coroutines.
"""

from __future__ import annotations

import re

from tfmfa_nb.editing.cell import Cell
from tfmfa_nb.model.encodable import check_encodable
from tfmfa_nb.protocol.words import CELL_MAGICS, COMMAND_MAGICS

AWAITED = (*CELL_MAGICS, *COMMAND_MAGICS, "tfmfa", "tfruns")

_NAMES = "|".join(AWAITED)
_MAGIC = re.compile(rf"%(?:{_NAMES})\b")
_OURS = re.compile(rf"(?<!await )get_ipython\(\)\.run_(?:cell|line)_magic\('(?:{_NAMES})', ")
# Magics that execute Python themselves, and cannot await a magic in it.
_AROUND = re.compile(
    r"get_ipython\(\)\.run_(?:cell|line)_magic\('(?P<outer>time|timeit|capture|prun|debug)', "
    rf".*%(?P<inner>{_NAMES})\b"
)


class ReadCells:
    """Turns an HCL cell into the call of its magic, before IPython's own transformers run.

    Those would dedent the HCL, remove text that looks like a Python prompt, and refuse a first line that is indented
    further than the HCL below it, differently in each version of IPython.
    """

    has_side_effects = True
    """Tells IPython not to call it while a person is typing: a terminal then waits for the blank line after a cell."""

    def __call__(self, lines: list[str]) -> list[str]:
        """Read a cell, given as its lines.

        Raises:
            ConfigurationError: the cell has one of the magics, and a text that cannot be written to a file.
        """
        text = "".join(lines)
        if _MAGIC.search(text):  # here, because Python's own tokenizer fails at it from 3.12 on
            check_encodable(text, "The cell")
        cell = Cell.read(text)
        if cell is None:
            return lines
        line = cell.line.strip()
        # Without a body, it is the line magic; IPython would refuse an empty cell magic.
        call = f"cell_magic({cell.magic!r}, {line!r}, {cell.body!r})" if cell.body.strip() else None
        return [f"get_ipython().run_{call or f'line_magic({cell.magic!r}, {line!r})'}\n"]


def await_magics(lines: list[str]) -> list[str]:
    """Put `await` before the magics in a cell that IPython has turned into Python.

    Args:
        lines: lines of the cell.

    Raises:
        SyntaxError: another magic wraps one of these magics, which would silently not run.
    """
    for line in lines:
        if match := _AROUND.search(line):
            outer, inner = match["outer"], match["inner"]
            raise SyntaxError(
                f"%%{outer} cannot run %%{inner}, which waits for a person. Remove %%{outer}: "
                "the run records its own duration (run.seconds) and log (run.log_text())."
            )
    return [_OURS.sub(lambda match: f"await {match[0]}", line) for line in lines]
