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
from tfmfa_nb.runs.audit.checkpoint import Checkpoint
from tfmfa_nb.runs.audit.sinks import deliver, name_of
from tfmfa_nb.runs.audit.ssh_signature import signed
from tfmfa_nb.runs.audit.trail_file import append, backwards, entry_of, is_whole, last_lines, lines_of
from tfmfa_nb.runs.audit.trail_index import CHANGED, TrailIndex
from tfmfa_nb.runs.audit.witness import START, Witness, Witnessed, digest

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator
    from io import FileIO
    from pathlib import Path

    from tfmfa_nb.organization.policy_audit import AuditRules
    from tfmfa_nb.runs.audit.witness import Change

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
            known = self.witness.read()
            if known is not None and _as_left(file, known):
                now = replace(known, next_sha256="", undelivered=self._undelivered(known, known.lines + 1))
            else:
                now = self._caught_up(file, known)
            now = self._append(file, now, event, facts)
            failed = self._send(file, now)
            self.witness.write(replace(now, undelivered={sink: line for sink, (line, _) in failed.items()}))
        for sink, (_, reason) in failed.items():
            raise ConfigurationError(
                f"The audit trail's line was not received by {name_of(sink)}: {reason}.",
                f'The organization policy demands it ("sinks" of [audit]). The line is in {self.path}, and is sent '
                "again before the next one.",
            )

    @property
    def as_left(self) -> bool:
        """True if the trail is as this machine left it, and its chain intact, by what needs no reading of it.

        Raises:
            ConfigurationError: the file or the record cannot be read.
        """
        with self._readable() as file:
            known = self.witness.read()
            return file is not None and known is not None and _as_left(file, known)

    def of_runs(
        self, run_ids: Collection[str], event: str = "", *, since_change: bool = True
    ) -> dict[str, list[dict[str, Any]]]:
        """The entries about some runs, by run, in order; no run without one. Few other lines are read, if any.

        Args:
            run_ids: IDs of the runs.
            event: only lines about this event; "" for all.
            since_change: only lines behind the last one that says that the trail before it had been changed.

        Raises:
            ConfigurationError: the file or the record cannot be read.
        """
        found: dict[str, list[dict[str, Any]]] = {}
        with self._readable() as file:
            known = self.witness.read()
            if file is None or known is None or not _as_left(file, known):
                lines = _since_change(lines_of(file)) if file is not None and since_change else self._all(file)
            else:
                index = TrailIndex(self.witness.paths[0].with_suffix(".index"))
                lines = list(index.lines(file, run_ids, event, since_change=since_change))
        for entry in filter(None, map(entry_of, lines)):
            AUDIT_TRAIL.check(entry, self.path)
            if entry.get("run") in run_ids and event in {"", entry.get("event")}:
                found.setdefault(str(entry["run"]), []).append(entry)
        return found

    def newest_first(self) -> Generator[dict[str, Any]]:
        """The entries from the last to the first, without unreadable lines. Only what is asked for is read.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        with self._readable() as file:
            for entry in filter(None, map(entry_of, backwards(file) if file is not None else ())):
                AUDIT_TRAIL.check(entry, self.path)
                yield entry

    def end(self) -> tuple[int, str]:
        """The number of lines, and the SHA-256 of the last one; "" without a line.

        Raises:
            ConfigurationError: the file or the record cannot be read.
        """
        with self._readable() as file:
            known = self.witness.read()
            if file is not None and known is not None and _as_left(file, known):
                return known.lines, known.sha256
            lines = self._all(file)
            return len(lines), digest(lines[-1]) if lines else ""

    def lines(self) -> list[dict[str, Any]]:
        """The entries in order, without unreadable lines; `broken_at` reports those.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        entries = [entry for entry in map(entry_of, self.raw_lines()) if entry is not None]
        for entry in entries:
            AUDIT_TRAIL.check(entry, self.path)
        return entries

    def raw_lines(self) -> list[bytes]:
        """The lines as they are in the file, without line ends; none if there is no file.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        with self._readable() as file:
            return self._all(file)

    @staticmethod
    def _all(file: FileIO | None) -> list[bytes]:
        return lines_of(file) if file is not None else []

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
            return len(_torn(file, lines_of(file))) if file is not None else 0

    def change(self) -> Change | None:
        """How the trail differs from this machine's record of it; None if it does not, or if there is no record.

        Raises:
            ConfigurationError: the file or the record cannot be read.
        """
        with self._readable() as file:
            lines = lines_of(file) if file is not None else []
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
        appended = f"{text}\n" if is_whole(file) else f"\n{text}\n"
        size = os.fstat(file.fileno()).st_size + len(appended.encode())
        append(file, appended)
        seen = Checkpoint.of(file) if now.seen is not None else None
        return replace(now, lines=now.lines + 1, sha256=sha256, seen=seen if seen and seen.size == size else None)

    def _caught_up(self, file: FileIO, known: Witnessed | None) -> Witnessed:
        """This machine's record for the trail as it is, of which all was read; lines say what was wrong with it."""
        trail = lines_of(file)
        torn = _torn(file, trail)
        now = replace(_present(known, trail), undelivered=self._undelivered(known, len(trail) + 1))
        change = _change(known, trail, torn)
        if torn:
            now = self._append(file, now, TORN, {"bytes": len(torn), "sha256": digest(torn)})
        if known is not None and change:
            before = {"found": str(change), "lines": known.lines, "sha256": known.sha256}
            now = self._append(file, now, CHANGED, before)
        seen = Checkpoint.of(file)  # before the chain is followed: a change meanwhile is none of what was seen
        return replace(now, seen=seen if _chain(file)[0] is None else None)

    def _undelivered(self, known: Witnessed | None, first: int) -> dict[str, int]:
        """By sink, the number of the first line that it lacks once the line `first` is there."""
        before = known.undelivered if known is not None else {}
        return {sink: min(before.get(sink, first), first) for sink in self.rules.sinks}

    def _send(self, file: FileIO, now: Witnessed) -> dict[str, tuple[int, str]]:
        """Send each sink the lines that it lacks.

        Returns:
            By each sink that failed: the number of the first line that it lacks now, and why.
        """
        missing = now.lines + 1 - min(now.undelivered.values(), default=now.lines + 1)
        lines = last_lines(file, missing)
        pending = {sink: lines[first - 1 - now.lines :] for sink, first in now.undelivered.items()}
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


def _as_left(file: FileIO, known: Witnessed) -> bool:
    """Whether nothing has to be read to know that the trail is the one of this machine's record, and intact."""
    if known.seen is None or known.others or not known.lines or known.seen != Checkpoint.of(file):
        return False
    return [digest(line) for line in last_lines(file, 1)] == [known.sha256]


def _since_change(lines: list[bytes]) -> list[bytes]:
    """The lines behind the last one that says that the trail before it had been changed; all if none says so."""
    changed = [number for number, line in enumerate(lines, start=1) if (entry_of(line) or {}).get("event") == CHANGED]
    return lines[changed[-1] :] if changed else lines


def _present(known: Witnessed | None, trail: list[bytes]) -> Witnessed:
    """This machine's record as it has to be for the trail as it is now."""
    head = digest(trail[-1]) if trail else START
    if known is None:
        return Witnessed(len(trail), head, since=len(trail))
    return replace(known, lines=len(trail), sha256=head, next_sha256="", seen=None)


def _change(known: Witnessed | None, lines: list[bytes], torn: bytes) -> Change | None:
    """How the trail differs from this machine's record; torn bytes at the end may be in it, or not yet."""
    if known is None:
        return None
    whole = lines[: len(lines) - (torn.count(b"\n") + 1)] if torn else lines
    ends = range(len(whole), len(lines) + 1)
    return None if any(known.change(lines[:end]) is None for end in ends) else known.change(whole)


def _chain(file: FileIO) -> tuple[int | None, set[int]]:
    """The number of the first line that breaks the hash chain, and those of the torn lines that do not."""
    lines = lines_of(file)
    previous, run, torn = START, [], set[int]()
    for number, line in enumerate(lines, start=1):
        entry = entry_of(line)
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
    if not lines or entry_of(lines[-1]) is not None or (is_whole(file) and b"\0" not in lines[-1]):
        return b""
    first = len(lines) - 1
    while first and entry_of(lines[first - 1]) is None:
        first -= 1
    return b"\n".join(lines[first:])
