"""Terraform's process, seen from the kernel: start, wait, interrupt, kill, find again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import psutil

from tfmfa_nb.errors import TerraformNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.redaction import Secret

_PACE = 0.05  # seconds between two looks at the process
_SAME = 1.0  # seconds by which a recorded start time may differ


@dataclass(frozen=True, slots=True)
class Job:
    """One Terraform command.

    Attributes:
        argv: the whole command line; it holds no secret, because everybody on the machine can read it.
        environment: the child's whole environment.
        secrets: what is masked in the output.
        log: where the output goes, for people.
        exit: where the exit code goes.
        events: where the events of a `-json` command go.
        lock_fd: the environment's lock, which Terraform's process then holds too.
    """

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str] = field(repr=False)
    secrets: tuple[Secret, ...]
    log: Path
    exit: Path
    events: Path | None = None
    lock_fd: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended; `exit_code` is None if its supervisor was killed."""

    exit_code: int | None
    interrupted: bool
    killed: bool


class TerraformProcess:
    """A supervisor and the Terraform below it; use `start` or `attach`.

    Attributes:
        pid: the supervisor's.
        started: when the supervisor began, in seconds since the epoch: together they name one process.
    """

    def __init__(self, pid: int, started: float, exit_file: Path, popen: subprocess.Popen[bytes] | None = None) -> None:
        self.pid, self.started = pid, started
        self._exit, self._popen = exit_file, popen
        self._interrupted = False

    @classmethod
    async def start(cls, job: Job) -> Self:
        """Start `job`; it goes on whatever becomes of this process.

        Raises:
            TerraformNotFound: the supervisor cannot be started.
        """
        job.exit.unlink(missing_ok=True)
        try:
            popen = subprocess.Popen(  # noqa: ASYNC220 - a moment; and no loop may own this process
                [sys.executable, "-P", "-m", "tfmfa_nb.terraform.supervisor"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=() if job.lock_fd is None else (job.lock_fd,),
                # No credentials: those come through the pipe, for Terraform alone.
                env={k: os.environ[k] for k in ("PATH", "HOME", "LANG", "PYTHONPATH") if k in os.environ},
            )
        except OSError as error:
            raise TerraformNotFound(f"The supervisor cannot be started: {error.strerror}.") from None
        process = cls(popen.pid, psutil.Process(popen.pid).create_time(), job.exit, popen)
        if not await asyncio.shield(asyncio.to_thread(_hand_over, popen, job)):
            raise TerraformNotFound("Terraform's supervisor ended before it began.", "Look for room on the disk.")
        return process

    @classmethod
    def attach(cls, pid: int, started: float, exit_file: Path) -> Self:
        """A process that another kernel started, from its record."""
        return cls(pid, started, exit_file)

    @property
    def alive(self) -> bool:
        """Whether the supervisor runs; another process that got its number since does not count."""
        if self._popen is not None:
            return self._popen.poll() is None
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < _SAME
            return bool(same and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    async def wait(self) -> Outcome:
        """Wait for the end; being cancelled here does not touch the process."""
        while self.alive:  # noqa: ASYNC110 - nothing tells of the end of a process that is not our child
            await asyncio.sleep(_PACE)
        try:
            outcome = json.loads(self._exit.read_bytes())
        except (FileNotFoundError, ValueError):
            return Outcome(None, self._interrupted, killed=False)
        return Outcome(outcome["exit_code"], outcome["interrupted"], outcome["killed"])

    def interrupt(self) -> bool:
        """Ask Terraform to stop gracefully; whether this was the first time."""
        if self._interrupted or not self.alive:
            return False
        self._interrupted = True
        os.kill(self.pid, signal.SIGINT)
        return True

    def kill(self) -> None:
        """Kill Terraform and all it started; the last step, which may lose resources from the state."""
        if self.alive:
            os.kill(self.pid, signal.SIGTERM)


def _hand_over(popen: subprocess.Popen[bytes], job: Job) -> bool:
    """Give the supervisor its job; whether it has started Terraform."""
    if popen.stdin is None or popen.stdout is None:
        return False
    with popen.stdin as pipe, popen.stdout as answer:
        try:
            pipe.write(
                json.dumps(
                    {
                        "argv": list(job.argv),
                        "cwd": str(job.cwd),
                        "environment": dict(job.environment),
                        "secrets": [secret.reveal() for secret in job.secrets],
                        "log": str(job.log),
                        "exit": str(job.exit),
                        "events": str(job.events) if job.events else None,
                        "lock_fd": job.lock_fd,
                    }
                ).encode()
            )
            pipe.close()
            return answer.readline() == b"ready\n"
        except BrokenPipeError:
            return False
