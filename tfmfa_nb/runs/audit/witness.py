"""This machine's own record of an audit trail, outside the trail's folder: how many lines, and the hash of the last.

The trail's own hash chain shows nothing if lines are cut from its end, if all of it is written anew, or if the file is
deleted. This record does. It lies in the user's state folders, so it stays behind when the trail's folder is moved,
copied, or deleted. If a symbolic link then leads from there to the trail, the record that stayed behind counts too.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments.atomic_files import private_folder, write_whole
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.formats import TRAIL_WITNESS
from tfmfa_nb.runs.audit.checkpoint import Checkpoint
from tfmfa_nb.runs.audit.state_folders import state_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

START = "0" * 64
"""What stands for the hash of the line before the first one."""
_FOLDER = "trails"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Change(StrEnum):
    """The ways in which a trail differs from this machine's record of it."""

    GONE = "gone"
    SHORTER = "shorter"
    REWRITTEN = "rewritten"
    LONGER = "longer"


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What this machine knows of a trail.

    Attributes:
        lines: number of lines.
        sha256: SHA-256 of the last line in hexadecimal; `START` without a line.
        next_sha256: SHA-256 of the line that is being appended, in case the kernel dies meanwhile; "" for none.
        since: number of lines that the trail had when this record began; 0 unless the trail came from elsewhere.
        undelivered: by sink, the number of the first line that it has not received.
        seen: what the file system says of the trail, if its whole chain is intact; else None. It speeds things up, and
            is no part of what this machine knows.
        others: what its records in other places say, if they do not say the same; never saved.
    """

    lines: int = 0
    sha256: str = START
    next_sha256: str = ""
    since: int = 0
    undelivered: Mapping[str, int] = field(default_factory=dict)
    seen: Checkpoint | None = field(default=None, compare=False)
    others: tuple[Witnessed, ...] = ()

    def change(self, lines: Sequence[bytes]) -> Change | None:
        """How a trail with these lines, without their line ends, differs; None if it does not."""
        differing = self.differing(lines)
        return differing.own_change(lines) if differing is not None else None

    def differing(self, lines: Sequence[bytes]) -> Witnessed | None:
        """Of this record and the others, one from which a trail with these lines differs; None if it does not.

        While one of them fits, another that the trail has merely outgrown is old: its place was not in use since.
        """
        changes = [(each, each.own_change(lines)) for each in (self, *self.others)]
        fits = any(change is None for _, change in changes)
        harmless = {None, Change.LONGER} if fits else {None}
        return next((each for each, change in changes if change not in harmless), None)

    def own_change(self, lines: Sequence[bytes]) -> Change | None:
        """The same by this record alone, whatever the others say."""
        count = len(lines)
        head = (count, digest(lines[-1]) if lines else START)
        if head == (self.lines, self.sha256) or head == (self.lines + 1, self.next_sha256):
            return None
        if not lines:
            return Change.GONE
        if count < self.lines:
            return Change.SHORTER
        if self.lines and digest(lines[self.lines - 1]) != self.sha256:
            return Change.REWRITTEN
        return Change.LONGER


class Witness:
    """This machine's record of the trail at a path. Whoever reads or writes it holds the trail's lock.

    Args:
        trail: path of the trail. Nothing is created.
    """

    def __init__(self, trail: Path) -> None:
        self._trail = _real(trail)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths of the record, which the trail's real path determines, and of those that lead to the trail now."""
        return tuple(self._trails)

    def read(self) -> Witnessed | None:
        """What this machine knows of the trail; None if it knows nothing.

        Raises:
            ConfigurationError: the record cannot be read, or is not valid. It never counts as a missing one.
        """
        known = [found for path in self._trails if (found := self._read(path)) is not None]
        if not known:
            return None
        newest = max(known, key=lambda each: each.lines)
        return replace(newest, others=tuple(each for each in known if each != newest))

    def write(self, witnessed: Witnessed) -> None:
        """Replace the record, in each place.

        Raises:
            ConfigurationError: it cannot be written.
        """
        facts = asdict(replace(witnessed, others=()))
        del facts["others"]
        for path, trail in self._trails.items():
            _ensure_folder(path.parent)
            write_whole(path, json.dumps(TRAIL_WITNESS.stamp({"trail": trail, **facts}), indent=2) + "\n")

    @cached_property
    def _trails(self) -> dict[Path, str]:
        """By the path of each record of this trail: the path of the trail that it names."""
        name = hashlib.sha256(os.fsencode(self._trail)).hexdigest()[:32]
        folders = [folder / _FOLDER for folder in state_folders()]
        own = {folder / f"{name}.json": self._trail for folder in folders}
        return {**own, **{path: trail for folder in folders for path, trail in self._leading_here(folder)}}

    def _leading_here(self, folder: Path) -> Iterator[tuple[Path, str]]:
        """The records of other paths that lead to this trail now, by a symbolic link in place of a folder."""
        here = _identity(os.path.dirname(self._trail))  # noqa: PTH120 - as below
        # Each run looks at all records of this machine, of which there may be thousands: `Path` would take four times
        # as long as the system.
        for name in _names_in(folder):
            if (named := _named_by(f"{folder}/{name}")) is None:
                continue
            trail, its_folder = named
            if trail == self._trail:
                continue
            # To resolve a path takes long; where both folders are there, they are one, or they are not.
            there = _identity(its_folder)
            if there == here and (here is not None or _real(trail) == self._trail):
                yield folder / name, trail

    def _read(self, path: Path) -> Witnessed | None:
        try:
            document = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(path, f"cannot be read: {error.strerror or error}") from None
        except (ValueError, RecursionError):
            raise self._unusable(path, "is not valid") from None
        if not isinstance(document, dict):
            raise self._unusable(path, "is not valid")
        TRAIL_WITNESS.check(document, path)
        try:
            return Witnessed(
                _number(document["lines"]),
                _hash(document["sha256"]),
                _hash(document["next_sha256"]) if document["next_sha256"] else "",
                _number(document["since"]),
                {str(sink): _number(line) for sink, line in document["undelivered"].items()},
                Checkpoint.read(document.get("seen")),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._unusable(path, "is not valid") from None

    def _unusable(self, path: Path, how: str) -> ConfigurationError:
        return ConfigurationError(
            f"This machine's record of the audit trail, {path}, {how}.",
            f"Find out who changed it. To begin anew, move it and {self._trail} away.",
        )


def _real(trail: Path | str) -> str:
    """The trail's path without symbolic links; a link in place of the trail itself is never followed."""
    folder, name = os.path.split(trail)
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118 - `Path` would fail on what is no path


def _identity(folder: str) -> tuple[int, int] | None:
    """What identifies a trail's folder, whatever its path; None if it is not there."""
    try:
        found = os.stat(folder)  # noqa: PTH116 - `Path` takes longer, and fails on what is no path
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _names_in(folder: Path) -> list[str]:
    """The names of the records in a folder, which may not exist."""
    try:
        return [name for name in os.listdir(folder) if name.endswith(".json")]  # noqa: PTH208 - as above
    except OSError:
        return []


# By record: a run reads all of them several times, and what they name never changes.
_named: dict[str, tuple[str, str]] = {}


def _named_by(record: str) -> tuple[str, str] | None:
    """The trail that a record names, and the trail's folder; None if nobody can say."""
    if record not in _named:
        try:
            with open(record, "rb") as file:  # noqa: PTH123 - as above
                trail = str(json.load(file)["trail"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        _named[record] = trail, os.path.dirname(trail)  # noqa: PTH120 - as above
    return _named[record]


def _ensure_folder(folder: Path) -> None:
    try:
        folder.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"This machine's record of the audit trail cannot be kept: {folder}: {error.strerror or error}.",
            "Check that you can write there. XDG_STATE_HOME, if it is set, must name a folder of yours that lasts.",
        ) from None
    private_folder(private_folder(folder.parent) / folder.name)


def digest(line: bytes) -> str:
    """The SHA-256 of a line in hexadecimal."""
    return hashlib.sha256(line).hexdigest()


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a number of lines")
    return value


def _hash(value: Any) -> str:
    if not _SHA256.fullmatch(value):
        raise ValueError("not a hash")
    return str(value)
