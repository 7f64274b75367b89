"""Files that are whole or not there: written beside their place, synced, then moved into it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def usable(path: Path) -> Iterator[None]:
    """What hinders the use of `path`, or of what lies below it, becomes one clear error.

    Raises:
        ConfigurationError: something does.
    """
    try:
        yield
    except (TimeoutError, ConnectionError):
        raise  # which are about no file
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or path} cannot be used: {error.strerror or error}.",
            "Give yourself permission to read and write it, or make room on the disk.",
        ) from None


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` to `path`, or leave what was there.

    Raises:
        ConfigurationError: the folder cannot be written, or the disk is full.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - mkstemp gives a string
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Nothing was changed. Give yourself write permission to its folder, or make room on the disk.",
        ) from None


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Whoever reads, changes and writes a file does so alone: an `flock` on `path`, held for a moment.

    Raises:
        ConfigurationError: the lock cannot be opened.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be opened: {error.strerror or error}.", "Give yourself read and write permission to it."
        ) from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def private_folder(path: Path) -> Path:
    """`path`, made with mode 0700 where it is not there yet.

    Raises:
        ConfigurationError: it cannot be made, is a link, or belongs to somebody else.
    """
    try:
        path.mkdir(mode=0o700, parents=False, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {path} cannot be made: {error.strerror or error}.",
            "Give yourself write permission to its parent, or make room on the disk.",
        ) from None
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a symbolic link.", "Put a real folder in its place.")
    with usable(path):
        path.chmod(0o700)  # which only its owner can
    return path
