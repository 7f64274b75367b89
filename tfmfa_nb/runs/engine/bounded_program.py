"""Runs a person's program within bounds: of time, of output, of what it finds, and of what it leaves behind."""

from __future__ import annotations

import os
import re
import secrets
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from tfmfa_nb.model.ansi import strip_colors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_LOOK = 0.1  # seconds between two looks at whether it has ended
_MAX_OUTPUT = 64 * 1024  # bytes kept of the end of the output
_LAST = 1.0  # seconds for the rest of the output after its end
_MARK = "TFMFA_PROGRAM"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        exit_code: negative for a signal.
        output: the end of what it printed, on both streams, as plain text.
    """

    exit_code: int
    output: str


class Stopped(Exception):
    """The program did not come to its own end.

    Attributes:
        problem: why, in words.
        output: as in `Ended`.
    """

    def __init__(self, problem: str, output: str = "") -> None:
        super().__init__(problem)
        self.problem, self.output = problem, output


def run_bounded(
    argv: Sequence[str],
    given: Path,
    *,
    folder: Path,
    environ: Mapping[str, str],
    seconds: float,
    canceled: Callable[[], bool],
) -> Ended:
    """Run a program, without a shell, in a session of its own.

    Whatever it has started is killed when it ends: its process group, and every process that has its variables.

    Args:
        argv: the program and its arguments.
        given: file that it gets as its standard input.
        folder: its working folder.
        environ: its process variables.
        seconds: time limit.
        canceled: asked now and then; True stops it.

    Raises:
        Stopped: it cannot be started, did not end in time, or was canceled.
    """
    mark = secrets.token_hex(16)
    try:
        with given.open("rb") as stdin:
            process = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**environ, _MARK: mark},
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        raise Stopped(f"it cannot be started: {getattr(error, 'strerror', None) or 'it is not a command'}") from None
    with process:
        printed = _Printed(process.stdout)
        deadline = time.monotonic() + seconds
        try:
            while process.poll() is None:
                printed.read(_LOOK)
                if canceled():
                    raise Stopped("it was canceled", printed.text)
                if time.monotonic() > deadline:
                    raise Stopped(f"it did not end within {seconds:g} seconds", printed.text)
            end = time.monotonic() + _LAST  # a process that it left behind may keep the pipe open
            while printed.read(0) and time.monotonic() < end:
                pass
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            _kill_marked(mark)
            printed.close()
        return Ended(process.wait(), printed.text)


class _Printed:
    """The end of what a program prints; all of it is read, so that the program never waits."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        assert stream is not None  # noqa: S101 - a pipe was asked for
        self._stream, self._end, self._cut = stream, b"", False
        self._selector = selectors.DefaultSelector()
        self._selector.register(stream, selectors.EVENT_READ)

    def read(self, seconds: float) -> bool:
        """Read what is there, waiting for it; False if nothing is."""
        if not self._selector.get_map() or not self._selector.select(seconds):
            if not self._selector.get_map():
                time.sleep(seconds)
            return False
        chunk = os.read(self._stream.fileno(), _MAX_OUTPUT)
        if not chunk:
            self._selector.unregister(self._stream)
            return False
        whole = self._end + chunk
        self._cut |= len(whole) > _MAX_OUTPUT
        self._end = whole[-_MAX_OUTPUT:]
        return True

    @property
    def text(self) -> str:
        """Plain text, from a line's beginning on: half a secret would not be known as one."""
        text = strip_colors(self._end.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n"))
        if self._cut:
            text = f"…\n{text.partition(chr(10))[2]}"
        return _CONTROL.sub(_visible, text).strip("\n")

    def close(self) -> None:
        self._selector.close()


def _visible(control: re.Match[str]) -> str:
    code = ord(control[0])
    return chr(0x2400 + code) if code < ord(" ") else "␡"


def _kill_marked(mark: str) -> None:
    """Kill the processes of this user that have the mark among their variables: daemons, which left the group."""
    import psutil  # noqa: PLC0415 - slow

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == mark:
                process.kill()
