"""Finds the environments of a folder: those beside the notebook, and those of folders further down."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tfmfa_nb.environments.environment import Environment
from tfmfa_nb.protocol.layout import PRIVATE, SETTINGS, EnvironmentFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DEPTH = 3  # folders below the notebook's: live/eu-west-1/network
_MAX_FOLDERS = 2_000
_FOREIGN = {"node_modules", "__pycache__", "site-packages", "terraform.tfstate.d"}


def environments_in(base: Path) -> list[Environment]:
    """The environments of the folder `base`, sorted by name: folders with settings, or in which something has run.

    Environments that cells write are selected with `-e`, the others by their path with `-C`. Symbolic links and hidden
    folders are not followed. Of a folder with thousands of folders, the first ones are searched.
    """
    base = base.absolute()
    found = (_environment(folder, base) for folder in _folders(base))
    return sorted(filter(None, found), key=lambda environment: environment.name)


def _folders(base: Path) -> Iterator[Path]:
    waiting, seen = [(base, 0)], 0
    while waiting and seen < _MAX_FOLDERS:
        folder, depth = waiting.pop(0)
        seen += 1
        yield folder
        if depth < _DEPTH:
            try:
                with os.scandir(folder) as entries:
                    inner = sorted(entry.name for entry in entries if _is_searched(entry))
            except OSError:
                continue
            waiting += [(folder / name, depth + 1) for name in inner]


def _is_searched(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and entry.name not in _FOREIGN


def _environment(folder: Path, base: Path) -> Environment | None:
    """The environment in `folder`, if it is one."""
    try:
        if not ((folder / PRIVATE).is_dir() or (folder / SETTINGS).is_file()):
            return None
        written = EnvironmentFiles(folder).configuration_digest.exists()
    except OSError:
        return None
    path = os.path.relpath(folder, base)
    environment = Environment(path, folder, owned=False)
    # Beside the notebook, a folder that has no configuration of its own is one that cells write.
    if folder.parent == base and (written or not environment.has_configuration):
        return Environment(folder.name, folder, owned=True)
    return environment
