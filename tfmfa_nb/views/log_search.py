"""Searches a whole log, as it is shown: without colors, and with hidden characters as visible marks."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from tfmfa_nb.views.log_rows import CHUNK, TAB, tells_progress
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.views.log_matching import Matching
    from tfmfa_nb.views.log_rows import Read


class Hits:
    """The places in a log where something is that is searched for; grows with the log.

    Args:
        read: reads the lines from one to another.
        start: first line of the phase.
        wanted: what is searched for.
        brief: whether lines that only tell progress are left out.
    """

    def __init__(self, read: Read, start: int, wanted: Matching, *, brief: bool) -> None:
        self._read, self._wanted, self._brief = read, wanted, brief
        self.start = self.known = start
        """The line up to which the log has been searched."""
        self._lines = array("L")
        self._ends = array("L")  # the number of hits up to the end of each of these lines

    @property
    def total(self) -> int:
        """The number of hits so far."""
        return self._ends[-1] if self._ends else 0

    def extend(self, stop: int, is_wanted: Callable[[], bool] = lambda: True) -> bool:
        """Search the lines up to `stop`; False if the hits are no longer wanted before that.

        Raises:
            OSError: the log was deleted.
        """
        while self.known < stop and is_wanted():
            lines = self._read(self.known, min(stop, self.known + CHUNK))
            if not lines:
                break  # it has become shorter
            self._search(lines)
            self.known += len(lines)
        return is_wanted()

    def hit(self, position: int) -> tuple[int, int]:
        """The line of the hit at `position`, and which hit of that line it is."""
        at = bisect_right(self._ends, position)
        return self._lines[at], position - (self._ends[at - 1] if at else 0)

    def first_from(self, line: int) -> int:
        """The position of the first hit in `line` or after it; 0 if there is none."""
        at = bisect_left(self._lines, line)
        return (self._ends[at - 1] if at else 0) if at < len(self._lines) else 0

    def parts(self, line: int, *, wrapped: bool = True) -> list[tuple[int, int]]:
        """Where the hits of a line begin and end, in characters, as it is shown."""
        shown = plain("\n".join(self._read(line, line + 1)))
        return self._wanted.parts(shown.replace("\t", TAB) if wrapped else shown)

    def _search(self, lines: list[str]) -> None:
        shown = plain("\n".join(lines))
        if not self._wanted.is_in(shown):
            return
        hits = self.total
        for number, line in enumerate(shown.split("\n")):
            found = len(self._wanted.parts(line))
            if found and not (self._brief and tells_progress(lines[number])):
                hits += found
                self._lines.append(self.known + number)
                self._ends.append(hits)
