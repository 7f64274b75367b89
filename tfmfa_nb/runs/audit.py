"""The audit trail: append-only lines, each chained to the one before by its hash.

A chain does not stop somebody who may write the file; it makes a line that was changed or taken out of the
middle visible to whoever kept a later hash.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.formats import AUDIT_TRAIL

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

_START = "0" * 64


class AuditTrail:
    """The audit trail of one environment.

    Args:
        path: its file, JSON lines {time, event, …, previous}; `previous` is the SHA-256 of the line before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, event: str, **facts: Any) -> None:
        """Add one line, and have it on the disk before going on.

        Raises:
            ConfigurationError: it cannot be written; what should have been recorded must then not happen.
        """
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            with os.fdopen(fd, "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                last, whole = _last_line(fd)
                previous = hashlib.sha256(last).hexdigest() if last else _START
                line = AUDIT_TRAIL.stamp({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event})
                text = json.dumps({**line, **facts, "previous": previous})
                # A line that a power cut has torn stays the only one that cannot be understood.
                _append(file, f"{text}\n" if whole else f"\n{text}\n")
        except OSError as error:
            raise ConfigurationError(
                f"The audit trail {self.path} cannot be written: {error.strerror or error}.",
                "Give yourself write permission to it, or make room on the disk.",
            ) from None

    def lines(self) -> list[dict[str, Any]]:
        """What the lines say, in their order; one that cannot be understood is left out: see `broken_at`.

        Raises:
            ConfigurationError: it cannot be read.
        """
        found = []
        for line in self._read().splitlines():
            try:
                document = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(document, dict):
                AUDIT_TRAIL.check(document, self.path)
                found.append(document)
        return found

    def broken_at(self) -> int | None:
        """The number (from 1) of the first line that does not follow from the one before; None if all do.

        Raises:
            ConfigurationError: it cannot be read.
        """
        previous = _START
        for number, line in enumerate(self._read().splitlines(), start=1):
            try:
                whole = json.loads(line)["previous"] == previous
            except (ValueError, KeyError, TypeError, RecursionError):
                whole = False
            if not whole:
                return number
            previous = hashlib.sha256(line).hexdigest()
        return None

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise ConfigurationError(
                f"The audit trail {self.path} cannot be read: {error.strerror or error}.",
                "Give yourself read permission to it.",
            ) from None


def _append(file: FileIO, text: str) -> None:
    """All of it, on the disk; or, where there is no room, nothing of it."""
    size = os.fstat(file.fileno()).st_size
    rest = memoryview(text.encode())
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        file.truncate(size)
        raise


def _last_line(fd: int) -> tuple[bytes, bool]:
    """The last line without its end, and whether it has one.

    Reads backwards, so a long trail costs no more than a short one.
    """
    end = os.fstat(fd).st_size
    tail = b""
    while end > 0:
        start = max(0, end - 4096)
        tail = os.pread(fd, end - start, start) + tail
        end = start
        if b"\n" in tail.rstrip(b"\n"):
            break
    return tail.rstrip(b"\n").rpartition(b"\n")[2], not tail or tail.endswith(b"\n")
