"""The lock of an environment, held by the run that plans or applies in it.

The lock is an `flock` on `.tfmfa/lock`. It belongs to the open file, not to the process that opened it: Terraform's
supervisor inherits the descriptor, so the lock lasts exactly as long as Terraform runs, even if the kernel that started
it has exited, and a dead holder leaves nothing to clean up. (`filelock` cannot pass its lock on.)

Unintended processes inherit the descriptor too: every child between fork and exec, and programs that Terraform starts
and leaves behind. So a holder that knows that Terraform has ended unlocks the file itself, for all of them.
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

_PAUSE = 0.2  # seconds between two attempts
_CLOCK = 60.0  # seconds by which the clock may have been adjusted


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a lock, as it describes itself.

    Attributes:
        purpose: "apply, run-20260102-…"; "" for a holder that has not described itself yet.
        pid: the process that acquired the lock; by now, a Terraform that it started may hold it.
        host: the name of its machine.
        since: the time of acquisition, in seconds since the epoch.
    """

    purpose: str = ""
    pid: int = 0
    host: str = ""
    since: float = 0.0

    @property
    def here(self) -> bool:
        """Whether the lock was acquired on this machine."""
        return self.host == socket.gethostname()

    @property
    def alive(self) -> bool:
        """Whether the process is still running; True if that is not known."""
        if not self.purpose or not self.here:
            return True
        try:
            process = psutil.Process(self.pid)
            return bool(process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= self.since + _CLOCK)
        except psutil.Error:
            return False

    def __str__(self) -> str:
        """One clause: apply, run-20260102-…, started by process 4711, since 12:30:00."""
        if not self.purpose:
            return "another run"
        since = time.strftime("%H:%M:%S", time.localtime(self.since))
        place = "" if self.here else f" on {self.host}"
        return f"{self.purpose}, started by process {self.pid}{place}, since {since}"


def holder_of(path: Path) -> Holder | None:
    """The current holder of the lock at `path`; None if it is free.

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
        # Shared, so that two readers do not take each other for holders.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(fd)
    finally:
        os.close(fd)
    return None


class EnvironmentLock:
    """A held lock; a context manager that releases it.

    Attributes:
        fd: the descriptor, for a process that must hold the lock too.
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
        """Acquire the lock at `path`.

        Args:
            path: the file of the lock.
            purpose: shown to others who have to wait: "apply, run-20260102-…".
            timeout: the time to wait for another holder, in seconds.
            on_wait: called once, when the wait begins, with one sentence about the holder.
            advice: returns one sentence about what else a person can do about the holder.

        Raises:
            EnvironmentLocked: another run still holds the lock after `timeout`.
            ConfigurationError: the file cannot be opened.
        """
        fd = _open(path)
        deadline = time.monotonic() + timeout
        try:
            while not _try(fd) or not _is_at(fd, path):
                if not _is_at(fd, path):  # the file was moved away meanwhile, and no longer locks anything
                    stale, fd = fd, _open(path)
                    os.close(stale)
                    continue
                holder = _read(fd)
                if time.monotonic() >= deadline:
                    raise EnvironmentLocked(
                        f"The environment is locked by a run: {holder}.",
                        f"Wait for its end, or let this run wait with --lock-timeout 10m. {advice(holder)}".strip(),
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
        """Record the holder and its purpose in the file, for others who find it locked."""
        holder = {"purpose": purpose, "pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, json.dumps(holder).encode(), 0)

    def release(self) -> None:
        """Release the lock; a process that it was lent to keeps it until it ends."""
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
        "Check that you can read and write it.",
    )


def _try(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(fd: int, path: Path) -> bool:
    """Whether the open file is still the file at `path`."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False


def _read(fd: int) -> Holder:
    with suppress(ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        record = json.loads(os.pread(fd, 4096, 0))
        holder = Holder(str(record["purpose"]), int(record["pid"]), str(record["host"]), float(record["since"]))
        _ = str(holder)  # fails for an invalid time
        return holder
    return Holder()
