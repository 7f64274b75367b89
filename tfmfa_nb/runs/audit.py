"""The audit trail: append-only lines, each with the hash of the preceding one.

The hash chain does not stop anyone with write access to the file. It reveals a changed or removed line to anyone who
kept a later hash.
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
        path: path of the file; JSON lines {time, event, …, previous}. `previous` is the SHA-256 of the preceding line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, event: str, **facts: Any) -> None:
        """Append one line, and wait until it is on disk.

        Raises:
            ConfigurationError: the line cannot be written, so the action to record must not happen.
        """
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            with os.fdopen(fd, "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                last, whole = _last_line(fd)
                previous = hashlib.sha256(last).hexdigest() if last else _START
                line = AUDIT_TRAIL.stamp({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event})
                text = json.dumps({**line, **facts, "previous": previous})
                # After a line that a power failure truncated, the new one starts on a line of its own.
                _append(file, f"{text}\n" if whole else f"\n{text}\n")
        except OSError as error:
            raise ConfigurationError(
                f"The audit trail {self.path} cannot be written: {error.strerror or error}.",
                "Check that you can write to it, and that the disk has free space.",
            ) from None

    def lines(self) -> list[dict[str, Any]]:
        """The entries in order, without unreadable lines; `broken_at` reports those.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        entries = []
        for line in self._read().splitlines():
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                AUDIT_TRAIL.check(entry, self.path)
                entries.append(entry)
        return entries

    def broken_at(self) -> int | None:
        """The number (from 1) of the first line that breaks the hash chain; None if the chain is intact.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        previous = _START
        for number, line in enumerate(self._read().splitlines(), start=1):
            try:
                intact = json.loads(line)["previous"] == previous
            except (ValueError, KeyError, TypeError, RecursionError):
                intact = False
            if not intact:
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
                "Check that you can read it.",
            ) from None


def _append(file: FileIO, text: str) -> None:
    """Append `text` and sync it to disk. If the disk is full, leave the file as it was."""
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
    """The last line without its line end, and whether it has one (True for an empty file).

    Reads backward, so a long trail takes no longer than a short one.
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
