"""The process of a Terraform command: start, wait, interrupt, kill, and find again from another kernel."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil

from tfmfa_nb.model.errors import TerraformNotFound
from tfmfa_nb.terraform.last_events import LastEvents
from tfmfa_nb.terraform.process_end import ended
from tfmfa_nb.terraform.process_start import start_of
from tfmfa_nb.terraform.python_command import python_command
from tfmfa_nb.terraform.supervisor import FORCE, PROCESSES, UNINTERRUPTED, interrupt_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.terraform.credentials import Credentials

_PACE = 0.05  # seconds between two looks at the process
# Variables for the supervisor itself. Credentials are not among them: they reach Terraform through the pipe.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE")


@dataclass(frozen=True, slots=True)
class Job:
    """One Terraform command.

    Attributes:
        argv: the command line; without secrets, because every user of the machine can read it.
        environ: the variables of Terraform's process, but for those of `credentials`.
        keys: AWS secrets to mask in the output, with parts and encodings of them.
        secrets: further values to mask, as a whole.
        log: the file for the output, as people read it.
        exit: the file for the exit code.
        events: the file for the events of a `-json` command.
        lock_fd: the descriptor of the environment's lock, which Terraform's process then holds too.
        stdin: what the command reads from standard input; a few kilobytes.
        output: a new file for standard output, mode 0600, unmasked; None for the log.
        brief: whether the log has only the summary and the place of an error, whose details may repeat any value.
        credentials: read only when the supervisor gets the job, so that no traceback holds their values.
    """

    argv: Sequence[str]
    cwd: Path
    environ: Mapping[str, str] = field(repr=False)
    secrets: tuple[Secret, ...]
    log: Path
    exit: Path
    events: Path | None = None
    keys: tuple[Secret, ...] = ()
    lock_fd: int | None = None
    stdin: str = ""
    output: Path | None = None
    brief: bool = False
    credentials: Credentials | None = None

    @property
    def uninterrupted(self) -> Path:
        """The file that is there until somebody has interrupted the command."""
        return self.exit.with_name(self.exit.name + UNINTERRUPTED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a command.

    Attributes:
        exit_code: negative for a signal that killed Terraform; None if unknown.
        interrupted: True if Terraform was interrupted through its supervisor.
        killed: True if Terraform was killed through its supervisor.
        disk_full: True if the disk of the run's folder was full.
    """

    exit_code: int | None
    interrupted: bool
    killed: bool
    disk_full: bool = False


class TerraformProcess:
    """Terraform with its supervisor and its keeper; see `start`, `attach`, and `terraform.supervisor`.

    Attributes:
        pid: the process ID of the supervisor.
        started: the start of the supervisor, in seconds since the epoch.
    """

    def __init__(self, pid: int, started: float, exit_file: Path, popen: subprocess.Popen[bytes] | None = None) -> None:
        self.pid, self.started = pid, started
        self._exit, self._popen = exit_file.absolute(), popen
        self._interrupted = False
        self._output = LastEvents()

    @classmethod
    async def start(cls, job: Job) -> Self:
        """Start `job`; it outlives this process.

        A cancellation here stops Terraform gracefully and waits for its end, because no caller knows of it yet.

        Raises:
            TerraformNotFound: the supervisor cannot be started.
        """
        _forget(job.exit)
        try:
            popen = subprocess.Popen(  # noqa: ASYNC220 - short; and no event loop may own this process
                python_command("-P", "-m", "tfmfa_nb.terraform.supervisor", str(job.exit.absolute())),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=() if job.lock_fd is None else (job.lock_fd,),
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
        except OSError as error:
            raise TerraformNotFound(f"Terraform's supervisor cannot be started: {error.strerror}.") from None
        process = cls(popen.pid, time.time(), job.exit, popen)
        handed = asyncio.ensure_future(asyncio.to_thread(_hand_over, popen, job))
        canceled = await _wait_until_done(handed)
        if answer := handed.result():
            raise TerraformNotFound(f"Terraform's supervisor failed to start: {answer}.", "Fix that, then run again.")
        if canceled:
            process.interrupt()
            await _wait_until_done(asyncio.ensure_future(process.wait()))
            raise asyncio.CancelledError
        return process

    @classmethod
    def attach(cls, pid: int, started: float, exit_file: Path) -> Self:
        """A process that another kernel started, from its record; `pid` is 0 if the record does not have it."""
        return cls(pid, started, exit_file)

    @property
    def alive(self) -> bool:
        """Whether Terraform, its supervisor, or its keeper is running; another process with its ID does not count."""
        return self.supervised or self.terraform > 0

    @property
    def supervised(self) -> bool:
        """Whether the supervisor or the keeper is running."""
        return self._supervisor_runs() or self._running("keeper") > 0

    @property
    def terraform(self) -> int:
        """The process ID of Terraform; 0 if it is not running."""
        return self._running("terraform")

    @property
    def ended_unseen(self) -> bool:
        """Whether Terraform has ended after its supervisor and its keeper were killed."""
        return self._beside(PROCESSES).exists() and not self.alive

    @property
    def left_alone(self) -> int:
        """The process ID of a Terraform whose supervisor and keeper were killed; 0 otherwise."""
        return 0 if self.supervised else self.terraform

    async def wait(self) -> Outcome:
        """Wait for the end; a cancellation here leaves the process alone."""
        while self.alive:
            self.observe()
            await ended(self.pid, _PACE)
        try:
            outcome = json.loads(self._exit.read_bytes())
            interrupted, killed = bool(outcome["interrupted"]), bool(outcome["killed"])
            return Outcome(int(outcome["exit_code"]), interrupted, killed, bool(outcome.get("disk_full")))
        except (OSError, ValueError, LookupError, TypeError, RecursionError):  # nobody was left to record it
            interrupted = self._beside(PROCESSES).exists() and not self._beside(UNINTERRUPTED).exists()
            return Outcome(self._output.exit_code(), interrupted or self._interrupted, killed=False)

    def observe(self) -> None:
        """Keep what Terraform says at its end, if its supervisor and its keeper were killed."""
        self._output.open(self.left_alone)

    def interrupt(self) -> bool:
        """Ask Terraform to stop gracefully, once; whether this was the first time."""
        if self._interrupted or not self.alive:
            return False
        self._interrupted = True
        self.observe()  # it may end at once
        if terraform := self.terraform:
            return interrupt_once(terraform, str(self._exit))
        if self._beside(PROCESSES).exists() and not self._beside(UNINTERRUPTED).exists():
            return False  # somebody else did, and it has just ended
        if not self._supervisor_runs():
            return False  # it has just ended
        with contextlib.suppress(ProcessLookupError):  # Terraform's ID could not be written down, or it has just ended
            os.kill(self.pid, signal.SIGINT)
        return True

    def kill(self) -> None:
        """Kill Terraform and its child processes: a last resort that can lose resources from the state."""
        # The supervisor, or the keeper after it, records that it killed Terraform, which leads a group of processes.
        listener = self.pid if self._supervisor_runs() else self._running("keeper")
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            if listener:
                os.kill(listener, FORCE)
            elif terraform := self.terraform:
                os.killpg(terraform, signal.SIGKILL)

    def _supervisor_runs(self) -> bool:
        if self._popen is not None:
            return self._popen.poll() is None
        try:
            # The exit file identifies one command of one run. A start time would not do: it shifts with the clock.
            return self.pid > 0 and str(self._exit) in psutil.Process(self.pid).cmdline()
        except psutil.Error:
            return False

    def _running(self, name: str) -> int:
        """The process ID of the keeper or of Terraform; 0 if it is not running."""
        try:
            pid, start = json.loads(self._beside(PROCESSES).read_bytes())[name]
            return int(pid) if start and start_of(int(pid)) == start else 0
        except (OSError, ValueError, LookupError, TypeError, RecursionError, OverflowError):
            return 0

    def release_room(self) -> None:
        """Delete the room that a killed supervisor kept free for its last words; the process has ended."""
        for name in _RESERVED:
            with contextlib.suppress(OSError):
                self._beside(name).unlink(missing_ok=True)

    def _beside(self, name: str) -> Path:
        return Path(f"{self._exit}{name}")


_RESERVED = (".new", ".reserve")  # by the supervisor, for a full disk


def _forget(exit_file: Path) -> None:
    """Delete what an earlier process of the same command left behind."""
    for name in ("", *_RESERVED, PROCESSES, UNINTERRUPTED):
        Path(f"{exit_file}{name}").unlink(missing_ok=True)


async def _wait_until_done(future: asyncio.Future[Any]) -> bool:
    """Wait for `future`, even while being canceled; whether that happened."""
    canceled = False
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            canceled = True
    return canceled


def _hand_over(popen: subprocess.Popen[bytes], job: Job) -> str:
    """Give the supervisor its job; the reason why it did not start Terraform, or ""."""
    if popen.stdin is None or popen.stdout is None:
        return "no pipe"
    credentials, keys = job.credentials, job.keys
    if credentials:
        keys = (*keys, *credentials.secrets())
    # Writing to a process that has died only fails when the pipe is closed.
    with contextlib.suppress(BrokenPipeError), popen.stdin as pipe:
        pipe.write(
            json.dumps(
                {
                    "argv": list(job.argv),
                    "cwd": str(job.cwd.absolute()),
                    "environ": {**job.environ, **(credentials.environ() if credentials else {})},
                    "keys": [key.reveal() for key in keys],
                    "secrets": [secret.reveal() for secret in job.secrets],
                    "log": str(job.log.absolute()),
                    "events": str(job.events.absolute()) if job.events else None,
                    "lock_fd": job.lock_fd,
                    "stdin": job.stdin,
                    "output": str(job.output.absolute()) if job.output else None,
                    "brief": job.brief,
                }
            ).encode()
        )
    with popen.stdout as answer:
        line = answer.readline().decode("utf-8", "replace").strip()
    if line == "ready":
        return ""
    popen.wait()
    return line or f"it ended with exit code {popen.returncode}"
