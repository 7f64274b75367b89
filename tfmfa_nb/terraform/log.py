"""A run's log: on disk, of which only the lines that somebody looks at are read."""

from __future__ import annotations

import os
from array import array
from contextlib import suppress
from itertools import accumulate, count
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20


class RunLog:
    """An append-only text file with an index of its lines: eight bytes of memory per line.

    Args:
        path: the file, which need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ends = array("Q")  # the end of each whole line, as an offset
        self._read = 0
        self._detached: list[str] | None = None

    @property
    def size(self) -> int:
        """The number of bytes that are indexed."""
        return self._read

    def append(self, text: str) -> None:
        """Append `text`, which ends with a line feed; a new file gets mode 0600.

        Raises:
            OSError: the file cannot be written; the error has its name.
        """
        if self._detached is not None:
            self._detached += text.split("\n")[:-1]
            return
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(text.encode("utf-8", "replace"))
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from None

    def detach(self) -> None:
        """Keep the lines in memory from here on: the file is about to be deleted."""
        with suppress(OSError):
            self._detached = self.lines(0, self.refresh())

    def refresh(self) -> int:
        """Index new lines; returns the number of whole lines."""
        if self._detached is not None:
            return len(self._detached)
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return 0
        with file:
            if os.fstat(file.fileno()).st_size < self._read:  # replaced or truncated: start over
                self._ends, self._read = array("Q"), 0
            file.seek(self._read)
            while chunk := file.read(_CHUNK):
                lengths = map(len, chunk.split(b"\n")[:-1])
                self._ends.extend(map(add, accumulate(lengths), count(self._read + 1)))  # one for each line feed
                self._read += len(chunk)
        return len(self._ends)

    def lines(self, start: int, stop: int) -> list[str]:
        """The existing lines in `start:stop`, without their line ends."""
        if self._detached is not None:
            return self._detached[max(0, start) : max(0, stop)]
        start, stop = max(0, start), min(stop, len(self._ends))
        if start >= stop:
            return []
        begin = self._ends[start - 1] if start else 0
        with self.path.open("rb") as file:
            file.seek(begin)
            content = file.read(self._ends[stop - 1] - begin)
        return [line.rstrip("\r") for line in content.decode("utf-8", "replace").split("\n")[:-1]]
