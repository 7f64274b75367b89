"""The audit trail: append-only lines, each with the hash of the preceding one.

The hash chain reveals a changed or removed line to anyone who has a later hash, and this machine's own record of the
trail (`runs.audit.witness`) has one. The organization policy can demand that each line is signed, and sent elsewhere.

A power failure can tear the last line: it is incomplete, or has NUL bytes. That is a known state. The next line seals
it: its event is `trail_torn`, and the hash chain goes on over the torn bytes. A line that is torn anywhere else was
changed.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy_audit import NO_AUDIT_RULES
from tfmfa_nb.protocol.formats import AUDIT_TRAIL
from tfmfa_nb.runs.audit.sinks import deliver, name_of
from tfmfa_nb.runs.audit.ssh_signature import signed
from tfmfa_nb.runs.audit.witness import START, Witness, Witnessed, digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

    from tfmfa_nb.organization.policy_audit import AuditRules
    from tfmfa_nb.runs.audit.witness import Change

CHANGED = "trail_changed"
"""The event of a line that says how the trail before it differed from this machine's record of it."""
TORN = "trail_torn"
"""The event of a line that seals torn bytes before it: their number, and their SHA-256."""


class AuditTrail:
    """The audit trail of one environment.

    Args:
        path: path of the file; JSON lines {time, event, …, policy, previous, signature}. `policy` is the digest of the
            organization policy in force, `previous` the SHA-256 of the preceding line; `signature` is there if the
            rules demand it.
        rules: what the organization policy demands of each line.

    Attributes:
        witness: this machine's record of the trail.
    """

    def __init__(self, path: Path, rules: AuditRules = NO_AUDIT_RULES) -> None:
        self.path, self.rules = path, rules
        self.witness = Witness(path)

    def write(self, event: str, **facts: Any) -> None:
        """Append one line, wait until it is on disk, and until every sink of the rules has received it.

        If the trail is not as this machine left it, a line that says so comes first: nothing that is written later can
        make such a change look like the trail's own.

        Raises:
            ConfigurationError: the line cannot be written, signed, or sent, so the action to record must not happen. A
                line that was written and not sent is sent again before the next one.
        """
        with self._locked() as file:
            known, trail = self.witness.read(), _lines_of(file)
            torn = _torn(file, trail)
            now = replace(_present(known, trail), undelivered=self._undelivered(known, len(trail) + 1))
            change = _change(known, trail, torn)
            if torn:
                now = self._append(file, now, TORN, {"bytes": len(torn), "sha256": digest(torn)})
            if known is not None and change:
                before = {"found": str(change), "lines": known.lines, "sha256": known.sha256}
                now = self._append(file, now, CHANGED, before)
            now = self._append(file, now, event, facts)
            failed = self._send(file, now)
            self.witness.write(replace(now, undelivered={sink: line for sink, (line, _) in failed.items()}))
        for sink, (_, reason) in failed.items():
            raise ConfigurationError(
                f"The audit trail's line was not received by {name_of(sink)}: {reason}.",
                f'The organization policy demands it ("sinks" of [audit]). The line is in {self.path}, and is sent '
                "again before the next one.",
            )

    def lines(self) -> list[dict[str, Any]]:
        """The entries in order, without unreadable lines; `broken_at` reports those.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        entries = [entry for entry in map(_entry, self.raw_lines()) if entry is not None]
        for entry in entries:
            AUDIT_TRAIL.check(entry, self.path)
        return entries

    def raw_lines(self) -> list[bytes]:
        """The lines as they are in the file, without line ends; none if there is no file.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        with self._readable() as file:
            return _lines_of(file) if file is not None else []

    def broken_at(self) -> int | None:
        """The number (from 1) of the first line that breaks the hash chain; None if the chain is intact.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        with self._readable() as file:
            return _chain(file)[0] if file is not None else None

    def torn_lines(self) -> set[int]:
        """The numbers (from 1) of the lines that were torn, and are sealed or at the end.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        with self._readable() as file:
            return _chain(file)[1] if file is not None else set()

    def torn_bytes(self) -> int:
        """The number of torn bytes at the end, which no line seals yet; 0 if the last line is whole.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        with self._readable() as file:
            return len(_torn(file, _lines_of(file))) if file is not None else 0

    def change(self) -> Change | None:
        """How the trail differs from this machine's record of it; None if it does not, or if there is no record.

        Raises:
            ConfigurationError: the file or the record cannot be read.
        """
        with self._readable() as file:
            lines = _lines_of(file) if file is not None else []
            return _change(self.witness.read(), lines, _torn(file, lines) if file is not None else b"")

    @property
    def begun(self) -> bool:
        """True if the trail exists, or existed on this machine.

        Raises:
            ConfigurationError: the record cannot be read.
        """
        return self.path.exists() or self.witness.read() is not None

    def _append(self, file: FileIO, now: Witnessed, event: str, facts: dict[str, Any]) -> Witnessed:
        """Append a line. This machine's record says what the next line will be before it is there."""
        line = AUDIT_TRAIL.stamp({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event})
        text = json.dumps({**line, **facts, "policy": self.rules.policy, "previous": now.sha256})
        if self.rules.demands_signatures:
            text = signed(text, self.rules)
        sha256 = digest(text.encode())
        self.witness.write(replace(now, next_sha256=sha256))
        # After a line that a power failure truncated, the new one starts on a line of its own.
        _append(file, f"{text}\n" if _is_whole(file) else f"\n{text}\n")
        return replace(now, lines=now.lines + 1, sha256=sha256)

    def _undelivered(self, known: Witnessed | None, first: int) -> dict[str, int]:
        """By sink, the number of the first line that it lacks once the line `first` is there."""
        before = known.undelivered if known is not None else {}
        return {sink: min(before.get(sink, first), first) for sink in self.rules.sinks}

    def _send(self, file: FileIO, now: Witnessed) -> dict[str, tuple[int, str]]:
        """Send each sink the lines that it lacks.

        Returns:
            By each sink that failed: the number of the first line that it lacks now, and why.
        """
        lines = _lines_of(file) if now.undelivered else []
        pending = {sink: lines[first - 1 :] for sink, first in now.undelivered.items()}
        failed = deliver(pending, self.rules.authorities)
        return {sink: (now.undelivered[sink] + received, reason) for sink, (received, reason) in failed.items()}

    @contextmanager
    def _locked(self) -> Iterator[FileIO]:
        """The file, open for reading and appending, which no other kernel writes meanwhile."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            with os.fdopen(fd, "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
        except OSError as error:
            raise ConfigurationError(
                f"The audit trail {self.path} cannot be written: {error.strerror or error}.",
                "Check that you can write to it, and that the disk has free space.",
            ) from None

    @contextmanager
    def _readable(self) -> Iterator[FileIO | None]:
        """The file, open for reading, which nobody writes meanwhile; None if there is none."""
        with ExitStack() as opened:
            try:
                file = opened.enter_context(self.path.open("rb", buffering=0))
                fcntl.flock(file, fcntl.LOCK_SH)
            except FileNotFoundError:
                file = None
            except OSError as error:
                raise ConfigurationError(
                    f"The audit trail {self.path} cannot be read: {error.strerror or error}.",
                    "Check that you can read it.",
                ) from None
            yield file


def _present(known: Witnessed | None, trail: list[bytes]) -> Witnessed:
    """This machine's record as it has to be for the trail as it is now."""
    head = digest(trail[-1]) if trail else START
    if known is None:
        return Witnessed(len(trail), head, since=len(trail))
    return replace(known, lines=len(trail), sha256=head, next_sha256="")


def _change(known: Witnessed | None, lines: list[bytes], torn: bytes) -> Change | None:
    """How the trail differs from this machine's record; torn bytes at the end may be in it, or not yet."""
    if known is None:
        return None
    whole = lines[: len(lines) - (torn.count(b"\n") + 1)] if torn else lines
    ends = range(len(whole), len(lines) + 1)
    return None if any(known.change(lines[:end]) is None for end in ends) else known.change(whole)


def _chain(file: FileIO) -> tuple[int | None, set[int]]:
    """The number of the first line that breaks the hash chain, and those of the torn lines that do not."""
    lines = _lines_of(file)
    previous, run, torn = START, [], set[int]()
    for number, line in enumerate(lines, start=1):
        entry = _entry(line)
        if entry is None:
            run.append(number)
        elif run and not _seals(entry, b"\n".join(lines[run[0] - 1 : number - 1])):
            return run[0], torn
        elif entry.get("previous") != previous:
            return number, torn
        else:
            torn.update(run)
            run = []
        previous = digest(line)
    if run and not _torn(file, lines):
        return run[0], torn
    return None, torn | set(run)


def _seals(entry: dict[str, Any], torn: bytes) -> bool:
    return entry.get("event") == TORN and entry.get("sha256") == digest(torn)


def _torn(file: FileIO, lines: list[bytes]) -> bytes:
    """The torn bytes at the end; several lines if a line that was to seal the first was torn too."""
    if not lines or _entry(lines[-1]) is not None or (_is_whole(file) and b"\0" not in lines[-1]):
        return b""
    first = len(lines) - 1
    while first and _entry(lines[first - 1]) is None:
        first -= 1
    return b"\n".join(lines[first:])


def _entry(line: bytes) -> dict[str, Any] | None:
    """The entry of a line; None if the line is not a whole one."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _lines_of(file: FileIO) -> list[bytes]:
    """All lines of an open file, without line ends."""
    file.seek(0)
    content = file.readall().rstrip(b"\n")
    return content.split(b"\n") if content else []


def _is_whole(file: FileIO) -> bool:
    """True if the file is empty, or its last line has a line end."""
    size = os.fstat(file.fileno()).st_size
    return not size or os.pread(file.fileno(), 1, size - 1) == b"\n"


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
