"""The process between the kernel and Terraform. It outlives the kernel.

`python -P -m tfmfa_nb.terraform.supervisor EXIT_FILE` reads one job (JSON) from standard input: {argv, cwd, environ,
keys, secrets, log, events, lock_fd}. It imports little more than the standard library, so that it starts fast.

Terraform writes to an unnamed file. Unlike a pipe, the file does not break when its reader dies (Terraform killed by
SIGPIPE loses resources from its state), and no unmasked output has a path. The supervisor follows that file, masks the
known secrets, and writes the run's log. It passes on one interrupt, never a second: on the second, Terraform abandons
operations in progress.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, BinaryIO

from tfmfa_nb.model.redaction import Redactor, Secret
from tfmfa_nb.terraform.event_text import render_event

FORCE = signal.SIGUSR1
"""Kills Terraform. Not SIGTERM: a service manager sends that to all processes of a service, Terraform among them, which
then stops gracefully by itself."""

_PACE = 0.03  # seconds between two reads of the output
_CHUNK = 1 << 20
_READY = b"ready\n"


class _Follower:
    """Copies whole lines from Terraform's unnamed output file, through the redactor, to the log and the events."""

    def __init__(self, raw: BinaryIO, job: dict[str, Any]) -> None:
        self._raw, self._offset, self._rest = raw.fileno(), 0, b""
        secrets, keys = job.pop("secrets"), job.pop("keys")
        # In an event, a value is escaped as in JSON.
        escaped = [json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets]
        self._redact = Redactor(map(Secret, (*secrets, *escaped)), keys=map(Secret, keys))
        self._log = _appending(job["log"])
        self._events = _appending(job["events"]) if job["events"] else None

    def follow(self, *, to_the_end: bool = False) -> None:
        """Copy new lines; an incomplete line waits, because a secret in it may be incomplete too."""
        while chunk := os.pread(self._raw, _CHUNK, self._offset):
            self._offset += len(chunk)
            whole, line_feed, self._rest = (self._rest + chunk).rpartition(b"\n")
            self._take(whole + line_feed)
        if to_the_end and self._rest:
            self._take(self._rest + b"\n")
            self._rest = b""

    def _take(self, lines: bytes) -> None:
        if not lines:
            return
        text = self._redact(lines.decode("utf-8", "replace"))
        events: list[str] = []
        if self._events is not None:
            text = "".join([_readable(line, events) for line in text.split("\n")[:-1]])
        # On a full disk lines are lost, but Terraform's exit code must not be.
        with contextlib.suppress(OSError):
            # The log first: a reader of an event finds its lines there.
            _write_all(self._log, text)
            if self._events is not None:
                _write_all(self._events, "".join(events))


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


class _Supervisor:
    """Starts Terraform, passes signals on, and records the exit code."""

    def __init__(self, exit_file: str) -> None:
        self._exit, self._kernel = exit_file, os.getppid()
        self._child: subprocess.Popen[bytes] | None = None
        self._interrupted = self._killed = False
        for ignored in (signal.SIGHUP, signal.SIGTERM):
            # Not SIG_IGN, which Terraform and its child processes would inherit.
            signal.signal(ignored, lambda *_: None)
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(FORCE, self._kill)

    def _interrupt(self, *_: object) -> None:
        if self._child is not None and not self._interrupted:
            self._interrupted = True
            self._child.send_signal(signal.SIGINT)

    def _kill(self, *_: object) -> None:
        if self._child is not None and self._child.returncode is None:
            self._killed = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def run(self, job: dict[str, Any]) -> None:
        with _unnamed(f"{job['log']}.{os.getpid()}") as raw:
            follower = _Follower(raw, job)
            exit_code = self._start(job, raw)
            _answer(_READY)
            while self._child is not None and (exit_code := self._child.poll()) is None:
                follower.follow()
                time.sleep(_PACE)
            follower.follow(to_the_end=True)
        self._record(exit_code)
        if job["lock_fd"] is not None and os.getppid() != self._kernel:
            # The kernel, which would release the lock, is gone; processes that Terraform left behind must not keep it.
            fcntl.flock(job["lock_fd"], fcntl.LOCK_UN)

    def _start(self, job: dict[str, Any], raw: BinaryIO) -> int | None:
        """Start Terraform; if that fails, returns the exit code that a shell would return."""
        lock = (job["lock_fd"],) if job["lock_fd"] is not None else ()
        try:
            self._child = subprocess.Popen(
                job["argv"],
                cwd=job["cwd"],
                env=job.pop("environ"),
                stdin=subprocess.DEVNULL,
                stdout=raw,
                stderr=raw,
                process_group=0,
                pass_fds=lock,  # the environment stays locked even if this process is killed
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raw.write(f"{job['argv'][0]} cannot be started: {reason}\n".encode())
            return 127
        return None

    def _record(self, exit_code: int | None) -> None:
        outcome = {
            "exit_code": exit_code,
            "interrupted": self._interrupted,
            "killed": self._killed,
            "ended": time.time(),
        }
        temporary = f"{self._exit}.new"
        with _appending(temporary) as file:
            _write_all(file, json.dumps(outcome))
            os.fsync(file.fileno())
        os.replace(temporary, self._exit)  # noqa: PTH105 - without pathlib, for a fast start


def _appending(path: str) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab", buffering=0)


def _write_all(file: BinaryIO, text: str) -> None:
    rest = memoryview(text.encode("utf-8", "replace"))
    while rest:
        rest = rest[file.write(rest) :]


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
        _Supervisor(sys.argv[1]).run(json.load(sys.stdin))
    except OSError as error:  # the run's folder is not writable; later errors have no reader
        _answer(f"{error.filename}: {error.strerror}\n".encode("utf-8", "replace"))
        sys.exit(1)


if __name__ == "__main__":
    main()
