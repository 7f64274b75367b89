"""The controlling terminal: prompts there without blocking the event loop."""

from __future__ import annotations

import asyncio
import os
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from tfmfa_nb.model.redaction import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_TTY = "/dev/tty"
_COLUMNS = 80
_MAX_LINE = 4096  # bytes; N_TTY_BUF_SIZE, the limit of a line on Linux


class Terminal:
    """The controlling terminal.

    Args:
        fd: an open file descriptor; `close` closes it.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def find(cls) -> Self | None:
        """Open the terminal; None if there is none, or if this process is not in its foreground."""
        try:
            fd = os.open(_TTY, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            # In the background, reading would stop this process (SIGTTIN).
            if os.tcgetpgrp(fd) == os.getpgrp():
                return cls(fd)
        except OSError:
            pass
        os.close(fd)
        return None

    def close(self) -> None:
        """Close the terminal."""
        os.close(self._fd)

    @property
    def columns(self) -> int:
        """The width of the terminal in columns, or 80 if it is unknown."""
        try:
            return os.get_terminal_size(self._fd).columns or _COLUMNS
        except OSError:
            return _COLUMNS

    def say(self, text: str) -> None:
        """Write one line."""
        os.write(self._fd, f"{text}\n".encode())

    async def read(self, text: str, *, hidden: bool) -> Secret | None:
        """Prompt for a line; None if the person leaves the prompt with Ctrl-D.

        Canceling restores the terminal.

        Args:
            text: the prompt.
            hidden: whether to read without echo.
        """
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[Secret | None] = loop.create_future()

        def ready() -> None:
            try:
                line = os.read(self._fd, _MAX_LINE)
            except OSError:
                line = b""
            if not typed.done():
                typed.set_result(Secret(line.decode("utf-8", "replace").rstrip("\r\n")) if line else None)

        with self._line_mode(hidden=hidden):
            os.write(self._fd, text.encode())
            loop.add_reader(self._fd, ready)
            try:
                return await typed
            finally:
                loop.remove_reader(self._fd)
                if hidden or not typed.done() or typed.cancelled():
                    os.write(self._fd, b"\n")  # the one that was typed was not echoed

    @contextmanager
    def _line_mode(self, *, hidden: bool) -> Iterator[None]:
        """Read lines, without echo if `hidden`; earlier input is dropped, because it was not meant for the prompt."""
        before = termios.tcgetattr(self._fd)
        during = termios.tcgetattr(self._fd)
        if hidden:
            during[3] &= ~termios.ECHO
        during[3] |= termios.ICANON | termios.ISIG
        termios.tcsetattr(self._fd, termios.TCSAFLUSH, during)
        try:
            yield
        finally:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, before)
