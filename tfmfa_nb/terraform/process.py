"""Terraform's process, seen from the kernel: start, wait, interrupt, kill, find again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import psutil

from tfmfa_nb.model.errors import TerraformNotFound
from tfmfa_nb.terraform.python_command import python_command
from tfmfa_nb.terraform.supervisor import FORCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.terraform.credentials import Credentials

_PACE = 0.05  # seconds between two looks at the process
# What the supervisor itself needs of this environment. No credentials: those are for Terraform, through the pipe.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE")


@dataclass(frozen=True, slots=True)
class Job:
    """One Terraform command.

    Attributes:
        argv: the whole command line; it holds no secret, because everybody on the machine can read it.
        environ: the variables of Terraform's process, but for those of `credentials`.
        secrets: what else is masked in the output.
        log: where the output goes, for people.
        exit: where the exit code goes.
        events: where the events of a `-json` command go.
        lock_fd: the environment's lock, which Terraform's process then holds too.
        credentials: asked only at the moment when the job is handed over, so that a trace has none of them.
    """

    argv: Sequence[str]
    cwd: Path
    environ: Mapping[str, str] = field(repr=False)
    secrets: tuple[Secret, ...]
    log: Path
    exit: Path
    events: Path | None = None
    lock_fd: int | None = None
    credentials: Credentials | None = None


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
        started: when the supervisor began, in seconds since the epoch, for the record.
    """

    def __init__(self, pid: int, started: float, exit_file: Path, popen: subprocess.Popen[bytes] | None = None) -> None:
        self.pid, self.started = pid, started
        self._exit, self._popen = exit_file.absolute(), popen
        self._interrupted = False

    @classmethod
    async def start(cls, job: Job) -> Self:
        """Start `job`; it goes on whatever becomes of this process.

        Being cancelled here stops Terraform gracefully and waits for that, as nobody else knows of it yet.

        Raises:
            TerraformNotFound: the supervisor cannot be started.
        """
        job.exit.unlink(missing_ok=True)
        try:
            popen = subprocess.Popen(  # noqa: ASYNC220 - a moment; and no loop may own this process
                python_command("-P", "-m", "tfmfa_nb.terraform.supervisor", str(job.exit.absolute())),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=() if job.lock_fd is None else (job.lock_fd,),
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
        except OSError as error:
            raise TerraformNotFound(f"The supervisor cannot be started: {error.strerror}.") from None
        process = cls(popen.pid, time.time(), job.exit, popen)
        handed = asyncio.ensure_future(asyncio.to_thread(_hand_over, popen, job))
        cancelled = await _whatever_happens(handed)
        if answer := handed.result():
            raise TerraformNotFound(f"Terraform's supervisor could not begin: {answer}.", "Mend that, and run again.")
        if cancelled:
            process.interrupt()
            await _whatever_happens(asyncio.ensure_future(process.wait()))
            raise asyncio.CancelledError
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
            # Its exit file names one run's one command. A start time would not do: it shifts with the clock.
            return str(self._exit) in psutil.Process(self.pid).cmdline()
        except psutil.Error:
            return False

    async def wait(self) -> Outcome:
        """Wait for the end; being cancelled here does not touch the process."""
        while self.alive:  # noqa: ASYNC110 - nothing tells of the end of a process that is not our child
            await asyncio.sleep(_PACE)
        try:
            outcome = json.loads(self._exit.read_bytes())
            return Outcome(int(outcome["exit_code"]), bool(outcome["interrupted"]), bool(outcome["killed"]))
        except (OSError, ValueError, LookupError, TypeError, RecursionError):  # torn, or its supervisor was killed
            return Outcome(None, self._interrupted, killed=False)

    def interrupt(self) -> bool:
        """Ask Terraform to stop gracefully; whether this was the first time."""
        if self._interrupted or not self.alive:
            return False
        self._interrupted = True
        return self._signal(signal.SIGINT)

    def kill(self) -> None:
        """Kill Terraform and all it started; the last step, which may lose resources from the state."""
        if self.alive:
            self._signal(FORCE)

    def _signal(self, number: signal.Signals) -> bool:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:  # it has ended this very moment
            return False
        return True


async def _whatever_happens(future: asyncio.Future[Any]) -> bool:
    """Wait for `future` to be done; whether somebody cancelled this meanwhile."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


def _hand_over(popen: subprocess.Popen[bytes], job: Job) -> str:
    """Give the supervisor its job; empty once it has started Terraform, else what hinders it."""
    if popen.stdin is None or popen.stdout is None:
        return "no pipe"
    held = job.credentials
    # What is flushed to a process that has died shows only when the pipe is closed.
    with contextlib.suppress(BrokenPipeError), popen.stdin as pipe:
        pipe.write(
            json.dumps(
                {
                    "argv": list(job.argv),
                    "cwd": str(job.cwd.absolute()),
                    "environ": {**job.environ, **(held.environ() if held else {})},
                    "secrets": [each.reveal() for each in (*job.secrets, *(held.secrets() if held else ()))],
                    "log": str(job.log.absolute()),
                    "events": str(job.events.absolute()) if job.events else None,
                    "lock_fd": job.lock_fd,
                }
            ).encode()
        )
    with popen.stdout as answer:
        said = answer.readline().decode("utf-8", "replace").strip()
    if said == "ready":
        return ""
    popen.wait()
    return said or f"it ended with {popen.returncode}"
