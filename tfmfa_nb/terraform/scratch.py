"""Folders for a moment, with copies of configuration, which may have secrets in it. None stays, also after a kill."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "tfmfa-scratch-"
_LEFT_AFTER = 3_600  # seconds; a command in such a folder has a much shorter time limit


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder, mode 0700, which is deleted at the end.

    Raises:
        OSError: it cannot be created.
    """
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        yield Path(name)


def remove_left_folders() -> None:
    """Delete the folders of this user that processes which were killed have left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid == os.geteuid() and time.time() - status.st_mtime > _LEFT_AFTER:
                shutil.rmtree(folder)
