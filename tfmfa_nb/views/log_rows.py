"""The rows of a log as the card shows it: lines, without those that only tell progress, or wrapped, if a person asks.

All rows are one line high, so that the card knows where each stands without having it.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import combining, east_asian_width

from tfmfa_nb.views.sanitize import plain, shorten, spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tfmfa_nb.model.ansi import Span

    Read = Callable[[int, int], list[str]]

CHUNK = 1_000
"""Lines that are looked at in one go, between which other threads have their turn."""
TAB = " " * 4  # in a row that is wrapped; the style sheet has the same for the others
_MAX_CHARACTERS = 2_000  # of one line; the log file has the full line
_NARROWEST, _WIDEST = 20, 1_000
# What Terraform says again and again while it reads and waits
# (https://github.com/hashicorp/terraform/blob/main/internal/command/views/hook_ui.go).
_PROGRESS = re.compile(
    r": (?:Refreshing state\.\.\.|Refreshing\.\.\.|Reading\.\.\.|Read complete after |"
    r"Still (?:creating|modifying|destroying|reading|provisioning|opening|closing|renewing)\.\.\.)"
)


class View(NamedTuple):
    """How a person looks at a log.

    Attributes:
        brief: without the lines that only tell progress.
        columns: width to which lines are wrapped; 0 if they are not.
    """

    brief: bool = False
    columns: int = 0

    @property
    def bounded(self) -> View:
        """The same with a number of columns that makes sense."""
        return View(self.brief, max(_NARROWEST, min(self.columns, _WIDEST)) if self.columns else 0)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: a line, or a part of one from character `start`; `last` if the line ends with it."""

    line: int
    pieces: list[Span]
    start: int = 0
    last: bool = True


def tells_progress(line: str) -> bool:
    """True if a line of Terraform's output only says that something still goes on."""
    return ("..." in line or ": Read complete" in line) and _PROGRESS.search(line) is not None


class LogRows:
    """The rows of one view, with an index that grows with the log: at most eight bytes for each line.

    Args:
        read: reads the lines from one to another.
        start: first line of the phase.
        view: what is shown.
    """

    def __init__(self, read: Read, start: int, view: View) -> None:
        self._read, self.start, self.view = read, start, view
        self.known = start
        """The line up to which the log is indexed."""
        self._lines = array("L")
        self._ends = array("L")  # the number of rows up to the end of each of these lines

    @property
    def total(self) -> int:
        """The number of rows."""
        return self._ends[-1] if self._ends else 0

    @property
    def hidden(self) -> int:
        """The number of lines that have no row."""
        return self.known - self.start - len(self._lines)

    def extend(self, stop: int) -> None:
        """Index the lines up to `stop`.

        Raises:
            OSError: the log was deleted.
        """
        rows = self.total
        while self.known < stop:
            lines = self._read(self.known, min(stop, self.known + CHUNK))
            for number, line in enumerate(lines, self.known):
                if not (self.view.brief and tells_progress(line)):
                    rows += self._height(line)
                    self._lines.append(number)
                    self._ends.append(rows)
            self.known += len(lines)
            if not lines:
                break  # it has become shorter

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """The rows in `start:stop`."""
        start, stop = max(0, start), min(stop, self.total)
        first = bisect_right(self._ends, start)
        last = bisect_left(self._ends, stop) + 1
        at = self._ends[first - 1] if first else 0
        for number, text in lines_of(self._read, self._lines[first:last]):
            for row in wrapped(number, text, self.view.columns):
                if start <= at < stop:
                    yield row
                at += 1

    def lines(self, start: int, stop: int) -> Iterator[tuple[int, str]]:
        """The lines in `start:stop` of those that are shown, with their numbers."""
        return lines_of(self._read, self._lines[max(0, start) : max(0, stop)])

    def row_of(self, line: int, character: int = 0) -> tuple[int, int]:
        """The row in which a character of a line stands, and the number of that line's characters before this row.

        A line that is hidden has the row of the next one that is not.
        """
        at = bisect_right(self._lines, line - 1)
        first = self._ends[at - 1] if at else 0
        if at == len(self._lines) or not self.view.columns:
            return first, 0
        starts = [row.start for row in wrapped(line, self._read(line, line + 1)[0], self.view.columns)]
        part = bisect_right(starts, character) - 1
        return first + part, starts[part]

    def _height(self, line: str) -> int:
        columns = self.view.columns
        return len(_starts(plain(shorten(line, _MAX_CHARACTERS)).replace("\t", TAB), columns)) if columns else 1


def whole_rows(read: Read, start: int, stop: int) -> Iterator[Row]:
    """The rows of a view that shows each line as it is."""
    for number, text in enumerate(read(start, stop) if start < stop else [], start):
        yield from wrapped(number, text, 0)


def lines_of(read: Read, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Lines, by ascending numbers, with these: many are read at once."""
    first, block = 0, list[str]()
    for number in numbers:
        if number - first >= len(block):
            first, block = number, read(number, min(number + CHUNK, numbers[-1] + 1))
        if number - first < len(block):
            yield number, block[number - first]


def wrapped(line: int, text: str, columns: int) -> list[Row]:
    """The rows of a line with this text."""
    shown = shorten(text, _MAX_CHARACTERS)
    if not columns:
        return [Row(line, spans(shown))]
    pieces = spans(shown.replace("\t", TAB))
    starts = _starts("".join([piece for piece, _ in pieces]), columns)
    ends = [*starts[1:], _MAX_CHARACTERS * 10]
    return [
        Row(line, _cut(pieces, start, end), start, index == len(starts) - 1)
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def _starts(text: str, columns: int) -> list[int]:
    """Where the rows of a line begin: after a blank if there is one in the second half of a row."""
    starts, at = [0], 0
    if len(text) <= columns and text.isascii():
        return starts
    while (end := at + _fitting(text, at, columns)) < len(text):
        blank = text.rfind(" ", at + (end - at) // 2, end)
        at = blank + 1 if blank >= 0 else end
        starts.append(at)
    return starts


def _fitting(text: str, at: int, columns: int) -> int:
    """How many characters from `at` on fit into a row: at least one."""
    part = text[at : at + columns]
    if part.isascii():
        return columns
    width = 0
    for index, character in enumerate(text[at:]):
        width += 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        if width > columns:
            return max(index, 1)
    return columns


def _cut(pieces: list[Span], start: int, end: int) -> list[Span]:
    cut: list[Span] = []
    at = 0
    for text, classes in pieces:
        if part := text[max(0, start - at) : max(0, end - at)]:
            cut.append((part, classes))
        at += len(text)
    return cut
