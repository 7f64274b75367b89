"""The process between the kernel and Terraform, which outlives the kernel.

`python -m tfmfa_nb.terraform.supervisor` reads one job (JSON) from its standard input: {argv, cwd, environment,
secrets, log, events, exit, lock_fd}. Standard library only, so that it starts in a moment.

Terraform writes to a file without a name: nobody's death can break that as it breaks a pipe (Terraform killed by
SIGPIPE loses resources from its state), and nothing unmasked has a path. This process follows that file, masks the
known secrets, and writes the run's log. One interrupt is passed on, never a second: Terraform's second interrupt
abandons what is in flight.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, BinaryIO

from tfmfa_nb.redaction import Redactor, Secret
from tfmfa_nb.terraform.events import render

_PACE = 0.03  # seconds between two looks at the output
_CHUNK = 1 << 20
_READY = b"ready\n"


class _Follower:
    """Moves whole lines from Terraform's unnamed output, through the redactor, to the log and the events."""

    def __init__(self, raw: BinaryIO, job: dict[str, Any]) -> None:
        self._raw, self._offset, self._rest = raw.fileno(), 0, b""
        self._redact = Redactor([Secret(secret) for secret in job.pop("secrets")])
        self._log = _appending(job["log"])
        self._events = _appending(job["events"]) if job["events"] else None

    def follow(self, *, to_the_end: bool = False) -> None:
        """Take over what has come; a line that is not whole waits, because a secret may be cut in it."""
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
        if self._events is not None:
            text = "".join(self._render(line) for line in text.split("\n")[:-1])
        self._log.write(text.encode("utf-8", "replace"))
        self._log.flush()
        if self._events is not None:
            self._events.flush()

    def _render(self, line: str) -> str:
        """One line of `-json` output as a person reads it; the event itself goes to the events' file."""
        try:
            event = json.loads(line) if line.startswith("{") else None
        except ValueError:
            event = None
        if not isinstance(event, dict) or "@message" not in event or self._events is None:
            return line + "\n"  # a panic, or a program that Terraform started
        self._events.write(line.encode("utf-8", "replace") + b"\n")
        return "".join(f"{shown}\n" for shown in render(event))


class _Supervisor:
    """Starts Terraform, passes signals on, and leaves its exit code."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[bytes] | None = None
        self.interrupted = self.killed = False
        for ignored in (signal.SIGHUP, signal.SIGPIPE):
            signal.signal(ignored, signal.SIG_IGN)
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._kill)

    def _interrupt(self, *_: object) -> None:
        if self.child is not None and not self.interrupted:
            self.interrupted = True
            self.child.send_signal(signal.SIGINT)

    def _kill(self, *_: object) -> None:
        if self.child is not None:
            self.killed = True
            os.killpg(self.child.pid, signal.SIGKILL)

    def run(self, job: dict[str, Any]) -> None:
        lock = (job["lock_fd"],) if job["lock_fd"] is not None else ()
        with tempfile.TemporaryFile(dir=Path(job["log"]).parent, buffering=0) as raw:
            follower = _Follower(raw, job)
            try:
                self.child = subprocess.Popen(
                    job["argv"],
                    cwd=job["cwd"],
                    env=job.pop("environment"),
                    stdin=subprocess.DEVNULL,
                    stdout=raw,
                    stderr=raw,
                    process_group=0,
                    pass_fds=lock,  # the environment stays locked even if this process is killed
                )
            except OSError as error:
                raw.write(f"{job['argv'][0]} cannot be started: {error.strerror}\n".encode())
                code = 127
                _tell_ready()
            else:
                _tell_ready()
                while self.child.poll() is None:
                    follower.follow()
                    time.sleep(_PACE)
                code = self.child.returncode
            follower.follow(to_the_end=True)
        self._leave(job["exit"], code)

    def _leave(self, path: str, code: int) -> None:
        outcome = {
            "exit_code": code,
            "interrupted": self.interrupted,
            "killed": self.killed,
            "ended": time.time(),
        }
        temporary = f"{path}.new"
        with _appending(temporary) as file:
            file.write(json.dumps(outcome).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - plain strings, as they came


def _appending(path: str) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab")


def _tell_ready() -> None:
    """Whoever started this process may signal it, or go away, from here on."""
    try:
        os.write(1, _READY)
    except OSError:
        return
    finally:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)


def main() -> None:
    """Do the job on standard input."""
    os.umask(0o077)
    supervisor = _Supervisor()
    supervisor.run(json.load(sys.stdin))


if __name__ == "__main__":
    main()
