"""The input transformer that puts `await` before our magics.

A widget's events reach a running cell only while the cell awaits, so the magics are coroutines.
"""

from __future__ import annotations

import ast
import re

AWAITED = ("tfplan", "tfapply", "tfmfa", "tfruns")

_NAMES = "|".join(AWAITED)
_OURS = re.compile(rf"(?<!await )get_ipython\(\)\.run_(?:cell|line)_magic\('(?:{_NAMES})', ")
_CELL = re.compile(rf"^get_ipython\(\)\.run_cell_magic\('(?P<name>{_NAMES})', ")
# Magics that run a cell's Python themselves, and cannot await what is in it.
_AROUND = re.compile(
    r"get_ipython\(\)\.run_(?:cell|line)_magic\('(?P<outer>time|timeit|capture|prun|debug)', "
    rf".*%(?P<inner>{_NAMES})\b"
)


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
    return [_OURS.sub(lambda match: f"await {match[0]}", _without_empty_body(line)) for line in lines]


def _without_empty_body(line: str) -> str:
    """`%%tfapply` over an empty cell is `%tfapply`; IPython would refuse the cell before we are asked."""
    match = _CELL.match(line)
    if match is None:
        return line
    call = ast.parse(line.strip(), mode="eval").body
    if not isinstance(call, ast.Call):
        return line
    arguments = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    if str(arguments[2]).strip():
        return line
    return f"get_ipython().run_line_magic({match['name']!r}, {arguments[1]!r})\n"
