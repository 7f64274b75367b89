"""The folders of a job on a worker: one on disk, where Terraform works, and one in memory for what is secret.

Terraform holds a lock on the latter. A worker that is killed leaves both; the next one of this user deletes them, once
their Terraform has ended.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import private_folder
from tfmfa_nb.protocol.layout import plan_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "tfmfa-remote-"
_LINK = "private"  # in the folder on disk, to the other one
_NEW = 60  # seconds, in which a folder may not have its lock yet


@dataclass(frozen=True, slots=True)
class JobFolders:
    """The folders of one job, mode 0700.

    Attributes:
        disk: for what Terraform reads and writes, and its masked log.
        private: for the plan and files of variables; in memory where the machine has such a folder.
        lock: descriptor of the lock, which Terraform is to hold too.
    """

    disk: Path
    private: Path
    lock: int


@contextmanager
def job_folders() -> Iterator[JobFolders]:
    """New folders, which are deleted at the end."""
    remove_left_jobs()
    disk = Path(tempfile.mkdtemp(prefix=_PREFIX))
    private = next((Path(tempfile.mkdtemp(prefix=_PREFIX, dir=private_folder(each))) for each in plan_folders()), disk)
    lock = os.open(private, os.O_RDONLY)
    try:
        (disk / _LINK).symlink_to(private)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield JobFolders(disk, private, lock)
    finally:
        for folder in (private, disk):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_left_jobs() -> None:
    """Delete the folders of jobs whose worker was killed, if their Terraform has ended."""
    for where in (Path(tempfile.gettempdir()), *plan_folders()):
        for folder in where.glob(f"{_PREFIX}*"):
            with suppress(OSError):
                _remove_left(folder)


def _remove_left(folder: Path) -> None:
    status, link = folder.lstat(), folder / _LINK
    if status.st_uid != os.geteuid() or folder.is_symlink() or time.time() - status.st_mtime < _NEW:
        return
    lock = os.open(link.resolve() if link.is_dir() else folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(lock)
