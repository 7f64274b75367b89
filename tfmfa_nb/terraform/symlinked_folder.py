"""A temporary folder in place of a configuration's, with symbolic links to its files and to those around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STATE_PREFIXES = (".terraform", "terraform.tfstate")
_FARTHEST = 8  # parent folders


def symlinked_folder(top: Path, folder: Path, upwards: int, include: Callable[[str], bool]) -> Path:
    """A new folder below `top`, with links to the entries of `folder` and of its parent folders.

    Args:
        top: an empty folder.
        folder: the original, which need not exist yet.
        upwards: the number of parent folders that paths like "../../modules" reach.
        include: whether to link an entry of `folder`, by its name.

    Raises:
        OSError: the new folder cannot be created, or `folder` cannot be read.
    """
    absolute = folder.absolute()
    upwards = min(upwards, _FARTHEST, len(absolute.parents) - 1)
    new, old = top, absolute
    for _ in range(upwards):
        old = old.parent
    for part in absolute.relative_to(old).parts:
        for entry in old.iterdir():
            if entry.name != part:
                (new / entry.name).symlink_to(entry)
        new, old = new / part, old / part
        new.mkdir()
    for entry in old.iterdir() if old.is_dir() else ():
        if include(entry.name):
            (new / entry.name).symlink_to(entry)
    return new
