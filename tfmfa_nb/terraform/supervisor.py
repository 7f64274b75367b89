"""The processes between the kernel and Terraform. They outlive the kernel, and each other.

`python -P -m tfmfa_nb.terraform.supervisor EXIT_FILE` reads one job (JSON) from standard input: {argv, cwd, environ,
keys, secrets, log, events, lock_fd}. It imports little more than the standard library, so that it starts fast.

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
import mmap
import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from tfmfa_nb.model.redaction import Redactor, Secret
from tfmfa_nb.terraform.event_text import render_event
from tfmfa_nb.terraform.last_events import exit_code_said
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
_CHUNK = 1 << 20
_READY = b"ready\n"
_OUTCOME = 512  # bytes of an exit file
_RESERVE = 2 << 20  # bytes that are kept free for the end of an apply
_LOW = 64 << 10  # bytes below which the disk counts as full


class _Follower:
    """Copies whole lines from Terraform's unnamed output file, through the redactor, to the log and the events.

    Attributes:
        disk_full: True if the disk has been full.
    """

    def __init__(self, raw: BinaryIO, job: dict[str, Any], reserve: str) -> None:
        self._raw, self._offset, self._rest = raw.fileno(), 0, b""
        self._copied = mmap.mmap(-1, 8)  # the offset, in memory that both processes share
        self._resumed = self._noted = self.disk_full = False
        secrets, keys = job.pop("secrets"), job.pop("keys")
        # In an event, a value is escaped as in JSON.
        escaped = [json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets]
        self._redact = Redactor(map(Secret, (*secrets, *escaped)), keys=map(Secret, keys))
        self._log = _appending(job["log"])
        self._events = _appending(job["events"]) if job["events"] else None
        self._reserve = reserve
        if self._events is not None:  # an apply: its state must find room
            with contextlib.suppress(OSError), _appending(reserve) as file:
                _write_all(file, os.urandom(_RESERVE))  # what no file system compresses

    def resume(self) -> None:
        """Go on where another process, which was killed, left off."""
        if not self._resumed:
            self._resumed, self._offset = True, int.from_bytes(self._copied[:], "little")
            with contextlib.suppress(OSError):
                self._note("Terraform's supervisor was killed. Lines may be repeated here.")

    def follow(self, *, to_the_end: bool = False) -> None:
        """Copy new lines; an incomplete line waits, because a secret in it may be incomplete too."""
        if _room(self._log) < _LOW:
            self._make_room()
        # On a full disk the lines wait in Terraform's output. Its exit code must not be lost with them.
        with contextlib.suppress(OSError):
            while chunk := os.pread(self._raw, _CHUNK, self._offset + len(self._rest)):
                whole, line_feed, self._rest = (self._rest + chunk).rpartition(b"\n")
                self._take(whole + line_feed)
            if to_the_end and self._rest:
                self._rest, last = b"", self._rest + b"\n"
                self._take(last)
            if to_the_end and self.disk_full:
                self._note_full_disk()

    def close(self) -> None:
        """Give the reserved room back."""
        with contextlib.suppress(OSError):
            os.unlink(self._reserve)  # noqa: PTH108 - without pathlib, for a fast start

    def _take(self, lines: bytes) -> None:
        if not lines:
            return
        text = self._redact(lines.decode("utf-8", "replace"))
        events: list[str] = []
        if self._events is not None:
            text = "".join([_readable(line, events) for line in text.split("\n")[:-1]])
        try:
            if self.disk_full:
                self._note_full_disk()
            # The log first: a reader of an event finds its lines there.
            _write_whole(self._log, text)
            if self._events is not None:
                _write_whole(self._events, "".join(events))
        except OSError:
            self._rest = b""  # read again at the next attempt
            self._make_room()
            raise
        self._offset += len(lines)
        self._copied[:] = self._offset.to_bytes(8, "little")

    def _make_room(self) -> None:
        """Give the reserved room to Terraform's state, the log, and the run's record."""
        self.disk_full = True
        self.close()

    def _note_full_disk(self) -> None:
        if not self._noted:
            self._note("The disk was full. Lines of Terraform's output may be missing here.")
            self._noted = True

    def _note(self, sentence: str) -> None:
        size = os.fstat(self._log.fileno()).st_size
        torn = size and os.pread(self._log.fileno(), 1, size - 1) != b"\n"
        _write_whole(self._log, f"{chr(10) if torn else ''}[tfmfa_nb] {sentence}\n")


def _readable(line: str, events: list[str]) -> str:
    """One line of `-json` output as text for people; an event is also added to `events`."""
    try:
        event = json.loads(line) if line.startswith("{") else None
    except ValueError:
        event = None
    if not isinstance(event, dict) or "@message" not in event:
        return line + "\n"  # a panic, or output of a program that Terraform started
    events.append(line + "\n")
    try:
        return "".join([f"{text}\n" for text in render_event(event)])
    except (AttributeError, KeyError, TypeError, ValueError):
        return f"{event['@message']}\n"  # of an unknown shape


class _Job:
    """What the supervisor and the keeper share: the job, Terraform's output, and the files beside the exit file."""

    def __init__(self, exit_file: str, job: dict[str, Any], raw: BinaryIO) -> None:
        self.exit, self.raw, self.kernel = exit_file, raw, os.getppid()
        self.kernel_started = start_of(self.kernel)
        self.argv, self.cwd, self.environ = job["argv"], job["cwd"], job.pop("environ")
        self.lock_fd: int | None = job["lock_fd"]
        self.follower = _Follower(raw, job, f"{exit_file}.reserve")
        self._outcome = _reserved(f"{exit_file}.new")
        _appending(exit_file + UNINTERRUPTED).close()

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

    def is_started(self, pid: int) -> None:
        """Terraform's process is `pid`; 0 for none."""
        self._pid, self._start = pid, start_of(pid)

    @property
    def is_running(self) -> bool:
        return bool(self._start) and start_of(self._pid) == self._start

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
        job.record(exit_code=exit_code, interrupted=job.interrupted, killed=terraform.killed)
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
            self._child = subprocess.Popen(
                job.argv,
                cwd=job.cwd,
                env=job.environ,
                stdin=subprocess.DEVNULL,
                stdout=job.raw,
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
        with contextlib.suppress(OSError), _appending(self._job.exit + PROCESSES) as file:
            _write_whole(file, json.dumps({name: [pid, start_of(pid)] for name, pid in pids.items()}))


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
            job.record(exit_code=exit_code_said(job.raw.fileno()), interrupted=job.interrupted, **known)
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
    """Handle the signals that the kernel sends, and ignore those that a service manager sends to all processes.

    Returns:
        A function that waits for a moment, or for a signal, such as that of a child process's end.
    """
    for ignored in (signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD):
        # Not SIG_IGN, which Terraform and its child processes would inherit.
        signal.signal(ignored, lambda *_: None)
    signal.signal(signal.SIGINT, terraform.interrupt)
    signal.signal(FORCE, terraform.kill)
    waking, woken = os.pipe()
    for end in (waking, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)

    def pause() -> None:
        if select.select([waking], [], [], _PACE)[0]:
            os.read(waking, _CHUNK)

    return pause


def _room(file: BinaryIO) -> int:
    """How many bytes this process can still write where `file` is."""
    disk = os.fstatvfs(file.fileno())
    return disk.f_frsize * (disk.f_bavail if os.geteuid() else disk.f_bfree)


def _appending(path: str) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "r+b", buffering=0)


def _write_whole(file: BinaryIO, text: str) -> None:
    """Append `text`, or leave the file as it was."""
    size = os.fstat(file.fileno()).st_size
    try:
        _write_all(file, text.encode("utf-8", "replace"))
    except OSError:
        file.truncate(size)
        raise


def _write_all(file: BinaryIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _reserved(path: str) -> int:
    """A descriptor of a new file at `path` that has the room for an outcome."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    os.write(file, b" " * _OUTCOME)
    os.fsync(file)
    return file


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
    try:
        job, exit_file = json.load(sys.stdin), sys.argv[1]
        with _unnamed(f"{job['log']}.{os.getpid()}") as raw:
            _Supervisor(_Job(exit_file, job, raw)).run()
    except OSError as error:  # the run's folder is not writable; later errors have no reader
        _answer(f"{error.filename}: {error.strerror}\n".encode("utf-8", "replace"))
        sys.exit(1)


if __name__ == "__main__":
    main()
