"""Where the hits of a search stand in the rows around one of them, for a front end that does not search itself."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.log_messages import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tfmfa_nb.views.log_rows import Row
    from tfmfa_nb.views.log_search import Hits

AROUND = 300
"""Rows before and after a hit whose marks are sent with it."""
_MOST = 2_000  # marks; the nearest ones


def marks_around(
    hits: Hits, rows: Iterable[tuple[int, Row]], row: int, position: int, *, wrapped: bool
) -> tuple[Mark, ...]:
    """The marks of the hits in `rows`.

    Args:
        hits: what was found.
        rows: numbers of rows, and what is in them.
        row: the row of the hit that was asked for.
        position: which hit that is.
        wrapped: whether lines are wrapped.
    """
    parts, hit = cache(partial(hits.parts, wrapped=wrapped)), hits.hit(position)
    marks: list[Mark] = []
    for number, shown in sorted(rows, key=lambda each: abs(each[0] - row)):
        marks += _marks(number, shown, parts(shown.line), hit)
        if len(marks) >= _MOST:
            break
    return tuple(marks[:_MOST])


def _marks(number: int, row: Row, parts: list[tuple[int, int]], hit: tuple[int, int]) -> Iterator[Mark]:
    text = "".join([piece for piece, _ in row.pieces])
    for nth, (start, stop) in enumerate(parts):
        first, last = max(0, start - row.start), min(len(text), stop - row.start)
        if first < last:
            current = (row.line, nth) == hit
            yield Mark(row=number, start=_units(text[:first]), stop=_units(text[:last]), current=current)


def _units(text: str) -> int:
    """The length of a text as JavaScript counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2
