"""This machine's own record of an audit trail, outside the trail's folder: how many lines, and the hash of the last.

The trail's own hash chain shows nothing if lines are cut from its end, if all of it is written anew, or if the file is
deleted. This record does. It lies in the user's state folder, so it stays behind when the trail's folder is moved,
copied, or deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from platformdirs import user_state_path

from tfmfa_nb.environments.atomic_files import private_folder, write_whole
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.formats import TRAIL_WITNESS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

START = "0" * 64
"""What stands for the hash of the line before the first one."""
_FOLDERS = ("tfmfa_nb", "trails")
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
    """

    lines: int = 0
    sha256: str = START
    next_sha256: str = ""
    since: int = 0
    undelivered: Mapping[str, int] = field(default_factory=dict)

    def change(self, lines: Sequence[bytes]) -> Change | None:
        """How a trail with these lines, without their line ends, differs; None if it does not."""
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

    Attributes:
        path: path of the record, which the trail's real path determines.
    """

    def __init__(self, trail: Path) -> None:
        self._trail = os.path.realpath(trail.parent) + os.sep + trail.name
        name = hashlib.sha256(os.fsencode(self._trail)).hexdigest()[:32]
        self.path = user_state_path(_FOLDERS[0], appauthor=False) / _FOLDERS[1] / f"{name}.json"

    def read(self) -> Witnessed | None:
        """What this machine knows of the trail; None if it knows nothing.

        Raises:
            ConfigurationError: the record cannot be read, or is not valid. It never counts as a missing one.
        """
        try:
            document = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(f"cannot be read: {error.strerror or error}") from None
        except (ValueError, RecursionError):
            raise self._unusable("is not valid") from None
        if not isinstance(document, dict):
            raise self._unusable("is not valid")
        TRAIL_WITNESS.check(document, self.path)
        try:
            return Witnessed(
                _number(document["lines"]),
                _hash(document["sha256"]),
                _hash(document["next_sha256"]) if document["next_sha256"] else "",
                _number(document["since"]),
                {str(sink): _number(line) for sink, line in document["undelivered"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._unusable("is not valid") from None

    def write(self, witnessed: Witnessed) -> None:
        """Replace the record.

        Raises:
            ConfigurationError: it cannot be written.
        """
        self._ensure_folder()
        document = TRAIL_WITNESS.stamp({"trail": self._trail, **asdict(witnessed)})
        write_whole(self.path, json.dumps(document, indent=2) + "\n")

    def _ensure_folder(self) -> None:
        folder = self.path.parent
        try:
            folder.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"This machine's record of the audit trail cannot be kept: {folder}: {error.strerror or error}.",
                "Set XDG_STATE_HOME to a folder of yours that lasts.",
            ) from None
        private_folder(private_folder(folder.parent) / folder.name)

    def _unusable(self, how: str) -> ConfigurationError:
        return ConfigurationError(
            f"This machine's record of the audit trail, {self.path}, {how}.",
            f"Find out who changed it. To begin anew, move it and {self._trail} away.",
        )


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
