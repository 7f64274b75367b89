"""Whether the disk has the room that a phase needs: Terraform loses the state of an apply that it cannot write."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import usable
from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.runs.driver import Driver

_MEGABYTE = 1 << 20
_LEAST = 8 * _MEGABYTE  # log, events, record, and what is kept free for the end of an apply
# A state is written anew while the former one and its backup exist, and may be written to errored.tfstate too.
_PER_STATE = 4
_FEWEST = 64  # files, of a phase that installs nothing
_PER_PLAN = 10  # a plan has the state in it, compressed


def check_room(driver: Driver) -> None:
    """Make sure that the run can save its log and its state, before anything depends on it.

    Raises:
        ConfigurationError: the disk has less room than the sizes of the state and of the plan demand, or too few files.
    """
    folder = driver.environment.folder
    states = (folder / "terraform.tfstate", *folder.glob("terraform.tfstate.d/*/terraform.tfstate"))
    needed = _LEAST + _PER_STATE * sum(map(_size, states)) + _PER_PLAN * _size(driver.store.files.plan)
    for place in (folder, driver.store.files.folder):
        free, files = _free(place)
        if files < _FEWEST:
            raise ConfigurationError(
                f"The disk of {place} can take {files:,} more files, and at least {_FEWEST} are needed.",
                "Delete files that nobody needs: on a full disk, Terraform loses the state of what it has created.",
            )
        if free < needed:
            raise ConfigurationError(
                f"The disk of {place} has {free // _MEGABYTE:,} MB free, and at least {-(-needed // _MEGABYTE):,} MB "
                "are needed to save the state and the log.",
                "Free space on it: on a full disk, Terraform loses the state of what it has created.",
            )


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0


def _free(folder: Path) -> tuple[int, int]:
    """How many bytes, and how many files, this process can write into `folder`."""
    with usable(folder):
        disk = os.statvfs(folder)
    root = not os.geteuid()
    # Some file systems, such as btrfs, do not count files.
    files = (disk.f_ffree if root else disk.f_favail) if disk.f_files else _FEWEST
    return disk.f_frsize * (disk.f_bfree if root else disk.f_bavail), files
