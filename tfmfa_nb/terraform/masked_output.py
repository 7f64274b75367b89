"""Copies Terraform's output, masked, to the run's log and events, also where the disk is full or a process is killed.

It imports little more than the standard library, because the process that follows Terraform does.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from tfmfa_nb.model.redaction import Redactor, Secret
from tfmfa_nb.terraform.event_text import EventLines

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 20
_RESERVE = 2 << 20  # bytes that are kept free for the end of an apply
_ERROR = re.compile(r"(?:^|\s)(?:\x1b\[\d+m)*Error: ")
_PLACE = re.compile(r"[│\s\x1b\[0-9;m]*on (?:<console-input>|[\w./-]+\.tf(?:\.json)?) line \d+")
_OF_HTML = "<>&\u2028\u2029"  # https://pkg.go.dev/encoding/json#HTMLEscape
_LOW = 64 << 10  # bytes below which the disk counts as full


class MaskedOutput:
    """Copies whole lines from Terraform's unnamed output file, through the redactor, to the log and the events.

    Attributes:
        disk_full: True if the disk has been full.
    """

    def __init__(self, raw: BinaryIO, job: dict[str, Any], reserve: str) -> None:
        self._raw, self._offset, self._rest = raw.fileno(), 0, b""
        self._copied = mmap.mmap(-1, 8)  # the offset, in memory that both processes share
        self._resumed = self._noted = self.disk_full = False
        secrets, keys = job.pop("secrets"), job.pop("keys")
        self._brief, self._failed = job["brief"], False
        forms = (form for secret in secrets for form in _forms(secret))
        self._redact = Redactor(map(Secret, forms), keys=map(Secret, keys))
        self._event_lines = EventLines(self._redact)
        self._log = appending(job["log"])
        self._events = appending(job["events"]) if job["events"] else None
        self._reserve = reserve
        if self._events is not None:  # an apply: its state must find room
            with contextlib.suppress(OSError), appending(reserve) as file:
                _write_all(file, os.urandom(_RESERVE))  # what no file system compresses

    def resume(self) -> None:
        """Go on where another process, which was killed, left off."""
        if not self._resumed:
            self._resumed, self._offset = True, int.from_bytes(self._copied[:], "little")
            self._failed = True  # it may be: what has been copied so far is not read again
            with contextlib.suppress(OSError):
                self._note("Terraform's supervisor was killed. Lines may be repeated here.")

    def follow(self, *, to_the_end: bool = False) -> None:
        """Copy new lines; an incomplete line waits, because a secret in it may be incomplete too."""
        if _room(self._log) < _LOW:
            self._make_room()
        # On a full disk the lines wait in Terraform's output. Its exit code must not be lost with them.
        with contextlib.suppress(OSError):
            while chunk := os.pread(self._raw, _CHUNK, self._offset + len(self._rest)):
                whole, line_feed, self._rest = (self._rest + chunk).rpartition(b"\n")
                self._take(whole + line_feed)
            if to_the_end and self._rest:
                self._rest, last = b"", self._rest + b"\n"
                self._take(last)
            if to_the_end and self.disk_full:
                self._note_full_disk()

    def close(self) -> None:
        """Give the reserved room back."""
        with contextlib.suppress(OSError):
            os.unlink(self._reserve)  # noqa: PTH108 - without pathlib, for a fast start

    def _take(self, lines: bytes) -> None:
        if not lines:
            return
        text, events, failed = lines.decode("utf-8", "replace"), list[str](), self._failed
        text = self._redact(text) if self._events is None else self._event_lines.render(text, events)
        if self._brief:
            text, failed = _briefly(text, failed)
        try:
            if self.disk_full:
                self._note_full_disk()
            # The log first: a reader of an event finds its lines there.
            write_whole(self._log, text)
            if self._events is not None:
                write_whole(self._events, "".join(events))
        except OSError:
            self._rest = b""  # read again at the next attempt
            self._make_room()
            raise
        self._offset, self._failed = self._offset + len(lines), failed
        self._copied[:] = self._offset.to_bytes(8, "little")

    def _make_room(self) -> None:
        """Give the reserved room to Terraform's state, the log, and the run's record."""
        self.disk_full = True
        self.close()

    def _note_full_disk(self) -> None:
        if not self._noted:
            self._note("The disk was full. Lines of Terraform's output may be missing here.")
            self._noted = True

    def _note(self, sentence: str) -> None:
        size = os.fstat(self._log.fileno()).st_size
        torn = size and os.pread(self._log.fileno(), 1, size - 1) != b"\n"
        write_whole(self._log, f"{chr(10) if torn else ''}[tfmfa_nb] {sentence}\n")


def _forms(secret: str) -> Iterator[str]:
    """A value, and each of its lines, as it is and as it stands in an event, where Terraform escapes more than JSON."""
    for part in (secret, *secret.splitlines()):
        escaped = json.dumps(part, ensure_ascii=False)[1:-1]
        yield part
        yield escaped
        yield "".join(f"\\u{ord(each):04x}" if each in _OF_HTML else each for each in escaped)


def _briefly(text: str, failed: bool) -> tuple[str, bool]:  # noqa: FBT001 - what is carried from text to text
    """Whole lines without the details of errors, and whether there was an error by their end.

    Of what follows the first error, only places remain.
    """
    kept = []
    for line in text.splitlines(keepends=True):
        if not failed:
            kept.append(line)
            failed = _ERROR.search(line) is not None
        elif found := _PLACE.match(line):
            kept.append(f"{found[0]}\n")
    return "".join(kept), failed


def _room(file: BinaryIO) -> int:
    """How many bytes this process can still write where `file` is."""
    disk = os.fstatvfs(file.fileno())
    return disk.f_frsize * (disk.f_bavail if os.geteuid() else disk.f_bfree)


def appending(path: str) -> BinaryIO:
    """A file to which this process appends; mode 0600, and never through a symbolic link."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "r+b", buffering=0)


def write_whole(file: BinaryIO, text: str) -> None:
    """Append `text`, or leave the file as it was."""
    size = os.fstat(file.fileno()).st_size
    try:
        _write_all(file, text.encode("utf-8", "replace"))
    except OSError:
        file.truncate(size)
        raise


def _write_all(file: BinaryIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
