"""Where the lines about each run are in an audit trail, so that a run finds its own without reading the others.

The index lies beside this machine's own record of the trail, outside of the trail's folder. It is made from the trail,
and only positions are in it: what a line says is always read from the trail itself. It is used where the trail is as
this machine left it (`runs.audit.checkpoint`), and only as far as the line at its end is the one that it was made from.
A short trail has none, and one that is torn is made anew.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from tfmfa_nb.runs.audit.trail_file import backwards, entry_of
from tfmfa_nb.runs.audit.witness import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from io import FileIO
    from pathlib import Path

CHANGED = "trail_changed"
"""The event of a line that says how the trail before it differed from this machine's record of it."""
_QUERY = "SELECT run, event, start, size FROM lines WHERE run = ? AND (? = '' OR event = ?) AND start + size <= ?"
_UNINDEXED = 1 << 16  # bytes at the end of a trail that are read each time: some 200 lines
_PATIENCE = 0.2  # seconds to wait for another kernel that writes the index; then the lines are read without it
_SCHEMA = """
CREATE TABLE IF NOT EXISTS lines (run TEXT NOT NULL, event TEXT NOT NULL, start INTEGER NOT NULL,
  size INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS by_run ON lines (run, event, start);
CREATE TABLE IF NOT EXISTS ends (only INTEGER PRIMARY KEY CHECK (only = 1), size INTEGER NOT NULL,
  last_start INTEGER NOT NULL, last_sha256 TEXT NOT NULL, changed INTEGER NOT NULL);
"""
_Place = tuple[str, str, int, int]  # run and event of a line, and its start and size in bytes


class TrailIndex:
    """The index of one trail.

    Args:
        path: path of the index. Nothing is created before a trail is long enough.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self, file: FileIO, run_ids: Collection[str], event: str, *, since_change: bool) -> Iterator[bytes]:
        """The lines about some runs, in order.

        Args:
            file: the trail, open, which nobody writes meanwhile.
            run_ids: IDs of the runs.
            event: only lines about this event; "" for all.
            since_change: only lines behind the last one that says that the trail before it had been changed.
        """
        size = os.fstat(file.fileno()).st_size
        try:
            places, changed = self._places(file, size, run_ids, event)
        except (sqlite3.Error, OSError):
            with suppress(OSError):
                self._path.unlink()
            places, changed = _scan(file, 0, size)
        wanted = {(start, length) for run, of, start, length in places if run in run_ids and event in {"", of}}
        for start, length in sorted(wanted):
            if not since_change or start >= changed:
                yield os.pread(file.fileno(), length, start)

    def _places(self, file: FileIO, size: int, run_ids: Collection[str], event: str) -> tuple[list[_Place], int]:
        """Where the lines about runs are, these runs' among them, and the end of the last line about a change."""
        if size <= _UNINDEXED:
            return _scan(file, 0, size)
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)) as index:
            self._path.chmod(0o600)
            index.executescript(_SCHEMA)
            covered, changed = _covered(index, file, size)
            newer, changed_since = _scan(file, covered, size)
            changed = changed_since or changed
            if size - covered > _UNINDEXED:
                with suppress(sqlite3.OperationalError):  # another kernel is doing it
                    _extend(index, covered, newer, _end(file, size, changed))
            known: list[_Place] = []
            for run_id in run_ids:
                known += index.execute(_QUERY, (run_id, event, event, covered))
            return known + newer, changed


def _covered(index: sqlite3.Connection, file: FileIO, size: int) -> tuple[int, int]:
    """Up to where the index is about this trail, and the end of the last line about a change; 0 and 0 for nothing."""
    found = index.execute("SELECT size, last_start, last_sha256, changed FROM ends").fetchone()
    if found is None or not all(type(number) is int for number in (found[0], found[1], found[3])):
        return 0, 0
    end, start, sha256, changed = found
    if not 0 <= start < end <= size or digest(os.pread(file.fileno(), end - 1 - start, start)) != sha256:
        return 0, 0
    return end, changed


def _extend(index: sqlite3.Connection, covered: int, newer: list[_Place], end: tuple[int, int, str, int]) -> None:
    """Add lines to the index, or make it anew if it covers nothing: all of it, or nothing."""
    with index:
        index.execute("BEGIN IMMEDIATE")
        index.execute("DELETE FROM lines WHERE start >= ?", (covered,))
        index.executemany("INSERT INTO lines VALUES (?, ?, ?, ?)", newer)
        index.execute("INSERT OR REPLACE INTO ends VALUES (1, ?, ?, ?, ?)", end)


def _end(file: FileIO, size: int, changed: int) -> tuple[int, int, str, int]:
    """What the index says of its end: up to where it goes, and the last line that it knows."""
    last = next(backwards(file))
    return size, size - 1 - len(last), digest(last), changed


def _scan(file: FileIO, start: int, size: int) -> tuple[list[_Place], int]:
    """Where the lines about runs are behind `start`, and the end of the last line about a change; 0 for none."""
    places, changed = list[_Place](), 0
    file.seek(start)
    for line in file.readall()[: size - start].split(b"\n"):
        entry = entry_of(line)
        if entry is not None and "run" in entry:
            places.append((str(entry["run"]), str(entry.get("event")), start, len(line) + 1))
        start += len(line) + 1
        if entry is not None and entry.get("event") == CHANGED:
            changed = start
    return places, changed
