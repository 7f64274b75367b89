"""The processes between the kernel and Terraform. They outlive the kernel, and each other.

`python -P -m tfmfa_nb.terraform.supervisor EXIT_FILE` reads one job (JSON) from standard input: {argv, cwd, environ,
keys, secrets, log, events, lock_fd, stdin, output, brief}. It imports little more than the standard library, so that it
starts fast.

Terraform writes to an unnamed file. Unlike a pipe, the file does not break when its reader dies (Terraform killed by
SIGPIPE loses resources from its state), and no unmasked output has a path. The supervisor follows that file, masks the
known secrets, and writes the run's log.

The supervisor's fork, the keeper, is Terraform's parent and records the exit code. If the supervisor is killed, the
keeper goes on with the log; if the keeper is killed, the supervisor waits for Terraform's end. Either passes on one
interrupt, never a second: on the second, Terraform abandons operations in progress.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from tfmfa_nb.terraform.last_events import exit_code_said
from tfmfa_nb.terraform.masked_output import MaskedOutput, appending, write_whole
from tfmfa_nb.terraform.process_start import start_of

if TYPE_CHECKING:
    from collections.abc import Callable

FORCE = signal.SIGUSR1
"""Kills Terraform. Not SIGTERM: a service manager sends that to all processes of a service, Terraform among them, which
then stops gracefully by itself."""
PROCESSES, UNINTERRUPTED = ".processes", ".uninterrupted"
"""Added to the name of the exit file while Terraform runs: the keeper and Terraform, as [pid, start]; and an empty file
until Terraform is interrupted."""

_PACE = 0.03  # seconds between two reads of the output
_AT_ONCE = 10  # seconds
_WAKING = 4096  # bytes, one for each signal
_READY = b"ready\n"
_OUTCOME = 512  # bytes of an exit file


class _Job:
    """What the supervisor and the keeper share: the job, Terraform's output, and the files beside the exit file."""

    def __init__(self, exit_file: str, job: dict[str, Any], raw: BinaryIO) -> None:
        self.exit, self.raw, self.kernel = exit_file, raw, os.getppid()
        self.kernel_started = start_of(self.kernel)
        self.argv, self.cwd, self.environ = job["argv"], job["cwd"], job.pop("environ")
        self.lock_fd: int | None = job["lock_fd"]
        self.stdin, self.output = job["stdin"], job["output"]
        self.follower = MaskedOutput(raw, job, f"{exit_file}.reserve")
        self._outcome = _reserved(f"{exit_file}.new")
        appending(exit_file + UNINTERRUPTED).close()

    def record(self, **outcome: Any) -> None:
        """Write the exit file. Its room was reserved at the start, so this succeeds on a full disk too."""
        self.follower.close()
        text = json.dumps({"disk_full": self.follower.disk_full, "ended": time.time(), **outcome})
        os.pwrite(self._outcome, text.encode().ljust(_OUTCOME), 0)
        with contextlib.suppress(OSError):
            os.fsync(self._outcome)
        with contextlib.suppress(FileNotFoundError):  # the keeper has renamed it
            os.replace(f"{self.exit}.new", self.exit)  # noqa: PTH105 - without pathlib, for a fast start
        for mark in (PROCESSES, UNINTERRUPTED):
            with contextlib.suppress(OSError):
                os.unlink(self.exit + mark)  # noqa: PTH108

    @property
    def interrupted(self) -> bool:
        """True if anybody has interrupted Terraform."""
        return not os.path.exists(self.exit + UNINTERRUPTED)  # noqa: PTH110 - imports little

    def release(self) -> None:
        """Release the lock if the kernel, which would do it, is gone; what Terraform left behind must not keep it."""
        if self.lock_fd is not None and start_of(self.kernel) != self.kernel_started:
            fcntl.flock(self.lock_fd, fcntl.LOCK_UN)


class _Terraform:
    """Terraform's process, and the signals that it has got from this one."""

    def __init__(self, exit_file: str) -> None:
        self._exit, self._pid, self._start = exit_file, 0, ""
        self.killed = False
        self._terminated: float | None = None

    def is_started(self, pid: int) -> None:
        """Terraform's process is `pid`; 0 for none."""
        self._pid, self._start = pid, start_of(pid)

    @property
    def is_running(self) -> bool:
        return bool(self._start) and start_of(self._pid) == self._start

    @property
    def terminated(self) -> bool:
        """True if a service manager has just told all processes to stop.

        A command that Terraform waits for may end by that before Terraform has heeded its own signal: then Terraform
        reports that command's error, and no interrupt.
        """
        return self._terminated is not None and time.monotonic() - self._terminated < _AT_ONCE

    def terminate(self, *_: object) -> None:
        """Take note of a SIGTERM, which Terraform has got, too."""
        self._terminated = time.monotonic()

    def interrupt(self, *_: object) -> None:
        """Interrupt Terraform, once."""
        if self.is_running:
            interrupt_once(self._pid, self._exit)

    def kill(self, *_: object) -> None:
        """Kill Terraform and the programs that it has started."""
        if self.is_running:
            self.killed = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)


class _Keeper:
    """Terraform's parent: starts it, and records how it ended."""

    def __init__(self, job: _Job, supervisor: int, answer: int) -> None:
        self._job, self._supervisor, self._answer = job, supervisor, answer
        self._terraform = _Terraform(job.exit)
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Stay until Terraform has ended."""
        job, terraform = self._job, self._terraform
        pause = _listen(terraform)
        exit_code = self._start()
        while self._child is not None and (exit_code := self._child.poll()) is None:
            if self._orphaned:
                job.follower.resume()
                job.follower.follow()
            pause()
        if self._orphaned:
            job.follower.resume()
            job.follower.follow(to_the_end=True)
        stopped = job.interrupted or terraform.terminated
        job.record(exit_code=exit_code, interrupted=stopped, killed=terraform.killed)
        if self._orphaned:
            job.release()

    @property
    def _orphaned(self) -> bool:
        return os.getppid() != self._supervisor

    def _start(self) -> int | None:
        """Start Terraform; if that fails, returns the exit code that a shell would return."""
        job, pid, failed = self._job, 0, None
        lock = (job.lock_fd,) if job.lock_fd is not None else ()
        try:
            printed = _new(job.output) if job.output else contextlib.nullcontext(job.raw)
            with _reading(job.stdin) as stdin, printed as stdout:
                self._child = subprocess.Popen(
                    job.argv,
                    cwd=job.cwd,
                    env=job.environ,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=job.raw,
                    process_group=0,
                    pass_fds=lock,  # the environment stays locked even if this process is killed
                )
            pid = self._child.pid
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            job.raw.write(f"{job.argv[0]} cannot be started: {reason}\n".encode())
            failed = 127
        job.environ.clear()
        self._terraform.is_started(pid)
        self._write_processes(pid)
        with contextlib.suppress(OSError):  # the supervisor was killed
            os.write(self._answer, f"{pid}\n".encode())
        os.close(self._answer)
        return failed

    def _write_processes(self, terraform: int) -> None:
        """Write down which processes these are, for a kernel that finds no supervisor."""
        pids = {"keeper": os.getpid(), "terraform": terraform}
        with contextlib.suppress(OSError), appending(self._job.exit + PROCESSES) as file:
            write_whole(file, json.dumps({name: [pid, start_of(pid)] for name, pid in pids.items()}))


class _Supervisor:
    """Follows Terraform's output."""

    def __init__(self, job: _Job) -> None:
        self._job, self._keeper, self._terraform = job, 0, _Terraform(job.exit)

    def run(self) -> None:
        """Stay until Terraform has ended and its output is in the log."""
        job, supervisor = self._job, os.getpid()
        answer, answering = os.pipe()
        pause = _listen(self._terraform)  # the keeper listens for itself
        self._keeper = os.fork()
        if not self._keeper:
            os.close(answer)
            os.setpgid(0, 0)
            _answer(b"")
            _Keeper(job, supervisor, answering).run()
            os._exit(0)
        job.environ.clear()
        os.close(answering)
        with os.fdopen(answer, "rb") as started:
            self._terraform.is_started(int(started.readline() or 0))
        _answer(_READY)
        while self._keeper_runs() or self._terraform.is_running:
            job.follower.follow()
            pause()
        job.follower.follow(to_the_end=True)
        self._finish()
        job.release()

    def _keeper_runs(self) -> bool:
        if self._keeper and os.waitpid(self._keeper, os.WNOHANG)[0]:
            self._keeper = 0
        return self._keeper > 0

    def _finish(self) -> None:
        """Add to the keeper's record what only this process knows; if the keeper was killed, record what is known."""
        job, terraform = self._job, self._terraform
        known = {"killed": terraform.killed, "disk_full": job.follower.disk_full}
        try:
            with open(job.exit, "rb") as file:  # noqa: PTH123 - imports little
                recorded = json.load(file)
        except (OSError, ValueError):
            stopped = job.interrupted or terraform.terminated
            job.record(exit_code=exit_code_said(job.raw.fileno()), interrupted=stopped, **known)
            return
        if any(known[name] and not recorded[name] for name in known):
            job.record(**{**recorded, **{name: known[name] or recorded[name] for name in known}})


def interrupt_once(terraform: int, exit_file: str) -> bool:
    """Interrupt Terraform unless anybody has, in any process; whether this was the first time.

    Whoever deletes the file is the first: that succeeds once, and on a full disk too.
    """
    try:
        os.unlink(exit_file + UNINTERRUPTED)  # noqa: PTH108 - without pathlib, for a fast start
    except OSError:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(terraform, signal.SIGINT)
    return True


def _listen(terraform: _Terraform) -> Callable[[], None]:
    """Handle the signals that the kernel sends, and outlive those that a service manager sends to all processes.

    Returns:
        A function that waits for a moment, or for a signal, such as that of a child process's end.
    """
    for ignored in (signal.SIGHUP, signal.SIGCHLD):
        # Not SIG_IGN, which Terraform and its child processes would inherit.
        signal.signal(ignored, lambda *_: None)
    signal.signal(signal.SIGTERM, terraform.terminate)
    signal.signal(signal.SIGINT, terraform.interrupt)
    signal.signal(FORCE, terraform.kill)
    waking, woken = os.pipe()
    for end in (waking, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)

    def pause() -> None:
        if select.select([waking], [], [], _PACE)[0]:
            os.read(waking, _WAKING)

    return pause


def _reserved(path: str) -> int:
    """A descriptor of a new file at `path` that has the room for an outcome."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    os.write(file, b" " * _OUTCOME)
    os.fsync(file)
    return file


def _reading(text: str) -> BinaryIO:
    """A file to read `text` from; nothing for an empty one. A pipe holds it, so it must be short."""
    if not text:
        return open(os.devnull, "rb", buffering=0)  # noqa: PTH123 - imports little
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return os.fdopen(reading, "rb", buffering=0)


def _new(path: str) -> BinaryIO:
    """A new file, which only this user can read; an error if there is one."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb", buffering=0)


def _unnamed(path: str) -> BinaryIO:
    """A new file without a name; importing `tempfile` would take a third of the start-up time."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    os.unlink(path)  # noqa: PTH108
    return os.fdopen(fd, "r+b", buffering=0)


def _answer(line: bytes) -> None:
    """Answer the kernel, which from then on may send signals, or exit."""
    with contextlib.suppress(OSError):
        os.write(1, line)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def main() -> None:
    """Run the job on standard input."""
    os.umask(0o077)
    # What dumps the memory of this process, or of Terraform, would write the session to a disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    try:
        job, exit_file = json.load(sys.stdin), sys.argv[1]
        with _unnamed(f"{job['log']}.{os.getpid()}") as raw:
            _Supervisor(_Job(exit_file, job, raw)).run()
    except OSError as error:  # the run's folder is not writable; later errors have no reader
        _answer(f"{': '.join(filter(None, (error.filename, error.strerror)))}\n".encode("utf-8", "replace"))
        sys.exit(1)


if __name__ == "__main__":
    main()
