"""A temporary folder that stands where a configuration's folder stands, by links to what is in it and above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIGURATION = (".tf", ".tf.json", ".tofu", ".tofu.json")
KEPT_AWAY = (".terraform", "terraform.tfstate")
_FARTHEST = 8  # folders upwards


def symlinked_folder(top: Path, folder: Path, upwards: int, wanted: Callable[[str], bool]) -> Path:
    """A new folder below `top`, with links to the old one's files, and to what is above it as far as needed.

    Args:
        top: an empty folder.
        folder: the old one; it need not be there yet.
        upwards: how often paths in it say "../".
        wanted: whether an entry of the old one, by its name, is linked.

    Raises:
        OSError: it cannot be made, or `folder` cannot be read.
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
        if wanted(entry.name):
            (new / entry.name).symlink_to(entry)
    return new
