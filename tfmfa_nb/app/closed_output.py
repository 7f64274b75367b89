"""Output whose reader is gone, as after `| head -1`, is dropped: a command goes on to its end, and its exit code."""

from __future__ import annotations

import errno
import io
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer

_NOBODY_READS = {errno.EPIPE, errno.EIO}  # a pipe, and a terminal that was closed


class _Output(io.FileIO):
    def write(self, data: ReadableBuffer, /) -> int:
        """Write, and drop what nobody can read; see `io.RawIOBase`."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _NOBODY_READS:
                raise
            return memoryview(data).nbytes


@contextmanager
def dropping_unread_output() -> Iterator[None]:
    """Drop what this process writes to a standard output, or error output, that nobody reads any more."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_dropping, before)
    try:
        yield
    finally:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        sys.stdout, sys.stderr = before


def _dropping(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):  # there is none, or a program keeps the text
        return stream
    try:
        raw = _Output(stream.fileno(), "w", closefd=False)
    except OSError:
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
