"""Searches a whole log, as it is shown: without colors, and with hidden characters as visible marks."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from tfmfa_nb.views.log_rows import CHUNK, TAB, tells_progress
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.views.log_rows import Read

# The first line of a diagnostic, in Terraform's box or without one. What is named is no error itself: it stands before
# the errors that it is about.
_ERROR = re.compile(r"[│\s]*Error: (?!Terraform encountered problems during initiali[sz]ation)")
_ERROR_WORD = "Error: "


class Hits:
    """The places where a text is in a log, or where Terraform's errors begin; grows with the log.

    Only a plain text is searched for: no text and no log can make that slow, as they can a regular expression.

    Args:
        read: reads the lines from one to another.
        start: first line of the phase.
        text: without capitals, it also finds capitals; "" finds Terraform's errors.
        brief: whether lines that only tell progress are left out.
    """

    def __init__(self, read: Read, start: int, text: str, *, brief: bool) -> None:
        self._read, self._text, self._brief = read, text, brief
        self._folds = text == text.lower()
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

    def places(self, line: int) -> list[int]:
        """Where the hits of a line begin, in characters, as it is wrapped."""
        shown = self._shown("\n".join(self._read(line, line + 1))).replace("\t", TAB)
        return [match.start() for match in re.finditer(re.escape(self._text), shown)] if self._text else [0]

    def _search(self, lines: list[str]) -> None:
        shown = self._shown("\n".join(lines))
        if (self._text or _ERROR_WORD) not in shown:
            return
        hits = self.total
        for number, line in enumerate(shown.split("\n")):
            found = line.count(self._text) if self._text else _ERROR.match(line) is not None
            if found and not (self._brief and tells_progress(lines[number])):
                hits += found
                self._lines.append(self.known + number)
                self._ends.append(hits)

    def _shown(self, text: str) -> str:
        return plain(text).lower() if self._text and self._folds else plain(text)
