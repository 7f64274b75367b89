"""The private socket on which a waiting run is answered: in the run's folder, for the same user only.

The folder's mode keeps others out, and each end asks the kernel of the system who the other one is, so that a folder
whose mode is wrong leaks no code (`SO_PEERCRED`, https://man7.org/linux/man-pages/man7/unix.7.html). The path of a
socket has 108 bytes at most, and a notebook's folder may be deep: the folder is opened, and named by its descriptor.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tfmfa_nb.model.redaction import Secret

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid of `struct ucred`
_BACKLOG = 16
_SECONDS = 5.0  # for a connection on this machine, and for the first message
_OTHERS = 0o077


class NotPrivate(OSError):
    """The folder, or the process at the other end, does not belong to this user alone."""


def peer_uid(connection: socket.socket) -> int:
    """The user ID of the process at the other end of a connection, as it was when it connected or listened."""
    size = _CREDENTIALS.size
    return int(_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[1])


def check_peer(connection: socket.socket, uid_of: Callable[[socket.socket], int] = peer_uid) -> None:
    """Make sure that the process at the other end belongs to this process's user.

    Raises:
        NotPrivate: it belongs to another one.
    """
    if (uid := uid_of(connection)) != os.geteuid():
        raise NotPrivate(f"the process at the other end belongs to the user {uid}")


def bound(path: Path) -> socket.socket:
    """A socket that listens at `path`, mode 0600; one that a dead process left there is replaced.

    Raises:
        OSError: this system, or this file system, has no such sockets; or the folder is not private.
    """
    _require_credentials()
    with _folder(path) as folder:
        with suppress(FileNotFoundError):
            os.unlink(path.name, dir_fd=folder)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            os.fchmod(listening.fileno(), 0o600)  # the file gets this mode as it comes into being
            listening.bind(_name(folder, path))
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
    return listening


def unbind(path: Path) -> None:
    """Remove the socket at `path`."""
    with suppress(OSError):
        path.unlink()


def connected(path: Path, uid_of: Callable[[socket.socket], int] = peer_uid) -> socket.socket:
    """A connection to the process that listens at `path`, which belongs to this user.

    Args:
        path: the socket.
        uid_of: the user at the other end of a connection.

    Raises:
        OSError: nobody listens there, or somebody else.
    """
    _require_credentials()
    with _folder(path) as folder:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(_SECONDS)
            connection.connect(_name(folder, path))
            check_peer(connection, uid_of)
        except OSError:
            connection.close()
            raise
    return connection


def send_code(connection: socket.socket, code: Secret) -> None:
    """Send a code as one line.

    Raises:
        OSError: the other end is gone.
    """
    connection.sendall("".join(code.reveal().split()).encode() + b"\n")


@contextmanager
def _folder(path: Path) -> Iterator[int]:
    """The folder of the socket, opened.

    Raises:
        OSError: it is not this user's alone, or it is a symbolic link.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        status = os.fstat(folder)
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & _OTHERS:
            raise NotPrivate(f"{path.parent} is not private")
        yield folder
    finally:
        os.close(folder)


def _name(folder: int, path: Path) -> str:
    return f"/proc/self/fd/{folder}/{path.name}"


def _require_credentials() -> None:
    if not hasattr(socket, "SO_PEERCRED"):
        raise OSError("this system does not say who is at the other end of a socket")
