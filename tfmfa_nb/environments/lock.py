"""An environment is locked by the run that plans or applies in it.

The lock is an `flock` on `.tfmfa/lock`. It belongs to the open file, not to the process that opened it:
Terraform's supervisor inherits the descriptor, so the lock lasts exactly as long as Terraform runs, also
when the kernel that started it is gone, and a dead holder leaves nothing to clean up. (`filelock` cannot
hand its lock on.)

Others inherit it too, whom it was not meant for: every process between its fork and its exec, and what Terraform
starts and leaves behind. So a holder who knows that Terraform has ended unlocks the file itself, for all of them.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import psutil

from tfmfa_nb.model.errors import ConfigurationError, EnvironmentLocked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

_PAUSE = 0.2  # seconds between two tries
_CLOCK = 60.0  # seconds that a clock may have been set by since


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, in its own words.

    Attributes:
        purpose: what it does: "apply, run-20260102-…"; empty for a holder that is just writing these words.
        pid: the process that took it; a Terraform that it started may be what holds it now.
        host: the machine.
        since: seconds since the epoch.
    """

    purpose: str = ""
    pid: int = 0
    host: str = ""
    since: float = 0.0

    @property
    def here(self) -> bool:
        """Whether that process is, or was, on this machine."""
        return self.host == socket.gethostname()

    @property
    def alive(self) -> bool:
        """Whether that process runs still; where it cannot be known, it is taken to."""
        if not self.purpose or not self.here:
            return True
        try:
            process = psutil.Process(self.pid)
            return bool(process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= self.since + _CLOCK)
        except psutil.Error:
            return False

    def __str__(self) -> str:
        """One clause."""
        if not self.purpose:
            return "another run"
        since = time.strftime("%H:%M:%S", time.localtime(self.since))
        place = "" if self.here else f" on {self.host}"
        return f"{self.purpose}, started by process {self.pid}{place}, since {since}"


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock at `path` now; None where nobody does.

    Raises:
        ConfigurationError: the file cannot be opened.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unopened(path, error) from None
    try:
        # Shared: two who look do not see each other.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(fd)
    finally:
        os.close(fd)
    return None


class EnvironmentLock:
    """A held lock; a context manager that lets go of it at its end.

    Attributes:
        fd: the descriptor to hand to a process that must hold the lock too.
        lent: whether such a process may be running.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.lent = False

    @classmethod
    async def acquire(
        cls,
        path: Path,
        *,
        purpose: str,
        timeout: float = 0.0,  # noqa: ASYNC109 - Terraform's own option, `-lock-timeout`
        on_wait: Callable[[str], None] | None = None,
        advice: Callable[[Holder], str] = lambda _: "",
    ) -> Self:
        """Take the lock at `path`.

        Args:
            path: the lock's file.
            purpose: what the holder does, for whoever has to wait: "apply, run 20260102-…".
            timeout: how many seconds to wait for another holder.
            on_wait: told once, with one sentence about the holder, when waiting begins.
            advice: what else a person can do about that holder, in one sentence.

        Raises:
            EnvironmentLocked: another run holds it for longer than `timeout`.
            ConfigurationError: the file cannot be opened.
        """
        fd = _open(path)
        deadline = time.monotonic() + timeout
        try:
            while not _try(fd) or not _is_at(fd, path):
                if not _is_at(fd, path):  # it was put out of the way meanwhile, and binds nobody any more
                    gone, fd = fd, _open(path)
                    os.close(gone)
                    continue
                holder = _read(fd)
                if time.monotonic() >= deadline:
                    raise EnvironmentLocked(
                        f"The environment is locked by a run: {holder}.",
                        f"Wait for it, or let this one wait with --lock-timeout 10m. {advice(holder)}".strip(),
                    )
                if on_wait:
                    on_wait(f"Waiting for the environment's lock: {holder}.")
                    on_wait = None
                await asyncio.sleep(min(_PAUSE, max(0.0, deadline - time.monotonic())))
        except BaseException:
            os.close(fd)
            raise
        lock = cls(fd)
        lock.describe(purpose)
        return lock

    def describe(self, purpose: str) -> None:
        """Write down who holds the lock, and why, for whoever finds it held."""
        holder = {"purpose": purpose, "pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, json.dumps(holder).encode(), 0)

    def release(self) -> None:
        """Let go; a process that the lock was lent to keeps it until its own end."""
        if self.fd >= 0:
            if not self.lent:
                fcntl.flock(self.fd, fcntl.LOCK_UN)
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unopened(path, error) from None


def _unopened(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"The lock {path} cannot be opened: {error.strerror or error}.",
        "Give yourself read and write permission to it.",
    )


def _try(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(fd: int, path: Path) -> bool:
    """Whether the open file is still the one that others find at `path`."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False


def _read(fd: int) -> Holder:
    with suppress(ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        said = json.loads(os.pread(fd, 4096, 0))
        holder = Holder(str(said["purpose"]), int(said["pid"]), str(said["host"]), float(said["since"]))
        _ = str(holder)  # a time that is none
        return holder
    return Holder()
