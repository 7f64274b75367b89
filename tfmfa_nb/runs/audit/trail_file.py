"""The bytes of an audit trail: its lines from the first or from the last, its entries, and what is appended."""

from __future__ import annotations

import json
import os
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

_BLOCK = 1 << 16  # bytes


def lines_of(file: FileIO) -> list[bytes]:
    """All lines of an open file, without line ends."""
    file.seek(0)
    content = file.readall().rstrip(b"\n")
    return content.split(b"\n") if content else []


def backwards(file: FileIO) -> Iterator[bytes]:
    """The lines of an open file without line ends, the last one first. Only what is asked for is read."""
    at, rest, begun = os.fstat(file.fileno()).st_size, b"", False
    while at:
        size = min(_BLOCK, at)
        at -= size
        rest = os.pread(file.fileno(), size, at) + rest
        if not begun:  # line ends behind the last line
            rest = rest.rstrip(b"\n")
            begun = bool(rest)
        rest, *lines = rest.split(b"\n")
        yield from reversed(lines)
    if begun:
        yield rest


def last_lines(file: FileIO, count: int) -> list[bytes]:
    """The last `count` lines of an open file, in order, without line ends; all if it has fewer."""
    return list(islice(backwards(file), max(count, 0)))[::-1]


def entry_of(line: bytes) -> dict[str, Any] | None:
    """The entry of a line; None if the line is not a whole one."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def is_whole(file: FileIO) -> bool:
    """True if the file is empty, or its last line has a line end."""
    size = os.fstat(file.fileno()).st_size
    return not size or os.pread(file.fileno(), 1, size - 1) == b"\n"


def append(file: FileIO, text: str) -> None:
    """Append `text` and sync it to disk. If the disk is full, leave the file as it was.

    Raises:
        OSError: it cannot be written.
    """
    size = os.fstat(file.fileno()).st_size
    rest = memoryview(text.encode())
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        file.truncate(size)
        raise
