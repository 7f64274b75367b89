"""Atomic writes, exclusive access and private folders: files are either complete or absent."""

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
    """Turn the operating system's errors about `path`, or about files below it, into one clear error.

    Raises:
        ConfigurationError: a file or folder cannot be used.
    """
    try:
        yield
    except (TimeoutError, ConnectionError):
        raise  # not about a file
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        check = "its folder was not moved or deleted" if gone else "you can read and write it"
        raise ConfigurationError(
            f"{error.filename or path} cannot be used: {error.strerror or error}.",
            f"Check that {check}, and that the disk has free space.",
        ) from None


def write_whole(path: Path, content: str | bytes, mode: int = 0o600) -> None:
    """Write `content`, a text in UTF-8, to `path`, or leave the file as it was.

    Raises:
        ConfigurationError: the folder is not writable, or the disk is full.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - mkstemp returns a string
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Nothing was changed. Check that you can write to its folder, and that the disk has free space.",
        ) from None


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold an exclusive `flock` on `path` while a file is read, changed and written.

    Raises:
        ConfigurationError: `path` cannot be opened.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be opened: {error.strerror or error}.", "Check that you can read and write it."
        ) from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def private_folder(path: Path) -> Path:
    """`path`, created with mode 0700 if it does not exist.

    Raises:
        ConfigurationError: the folder cannot be created, is a symbolic link, or belongs to another user.
    """
    try:
        path.mkdir(mode=0o700, parents=False, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {path} cannot be created: {error.strerror or error}.",
            "Check that you can write to its parent folder, and that the disk has free space.",
        ) from None
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a symbolic link.", "Replace it with a folder.")
    with usable(path):
        path.chmod(0o700)  # fails for all but its owner
    return path
