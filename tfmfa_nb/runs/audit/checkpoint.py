"""Whether a trail is still as this machine left it, without reading it: its hash chain was followed once, up to here.

A checkpoint is what the kernel's file system says of the file right after this machine has written to it: a change of
its content, of its length, or of its place shows in one of these facts, on most file systems: a store into a mapping of
a file in memory (tmpfs) does not, nor what somebody writes while this machine appends a line. Where a fact differs, all
of the trail is read, and its chain followed. What a decision rests on always is: before an apply, for an approval, and
by `jupyter tfmfa verify` and `jupyter tfmfa doctor`. A checkpoint saves time, and is no evidence.
"""

from __future__ import annotations

import os
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from io import FileIO


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The facts about a trail whose whole chain is intact.

    Attributes:
        inode: number of the file.
        size: length in bytes.
        modified: time of the last change of its content, in nanoseconds since the epoch.
        changed: time of the last change of anything about it; no call sets it.
    """

    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, file: FileIO) -> Self:
        """The facts about an open file as it is now."""
        found = os.fstat(file.fileno())
        return cls(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    @classmethod
    def read(cls, document: Any) -> Self | None:
        """A checkpoint from JSON; None if it is not valid, which only means that the trail is read."""
        try:
            found = cls(**document)
        except TypeError:
            return None
        return found if all(type(value) is int for value in astuple(found)) else None
