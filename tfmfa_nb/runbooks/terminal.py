"""The terminal that a person started the runner from: asks there, without an echo, while everything else goes on."""

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
_MOST = 4096  # what a terminal's line holds


class Terminal:
    """The controlling terminal; `find` opens it where there is one and this process is in its foreground."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def find(cls) -> Self | None:
        """The terminal, or None where nobody can be asked."""
        try:
            fd = os.open(_TTY, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            # In the background reading would stop this process.
            if os.tcgetpgrp(fd) == os.getpgrp():
                return cls(fd)
        except OSError:
            pass
        os.close(fd)
        return None

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)

    def say(self, text: str) -> None:
        """Write one line."""
        os.write(self._fd, f"{text}\n".encode())

    async def read(self, text: str, *, hidden: bool) -> Secret | None:
        """The line that is typed after `text`; None where the person leaves with Ctrl-D.

        Being cancelled leaves the terminal as it was found.
        """
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[Secret | None] = loop.create_future()

        def ready() -> None:
            try:
                line = os.read(self._fd, _MOST)
            except OSError:
                line = b""
            if not typed.done():
                typed.set_result(Secret(line.decode("utf-8", "replace").rstrip("\r\n")) if line else None)

        with self._quiet(hidden=hidden):
            os.write(self._fd, text.encode())
            loop.add_reader(self._fd, ready)
            try:
                return await typed
            finally:
                loop.remove_reader(self._fd)
                if hidden or not typed.done() or typed.cancelled():
                    os.write(self._fd, b"\n")  # the one that was typed did not show

    @contextmanager
    def _quiet(self, *, hidden: bool) -> Iterator[None]:
        """Without an echo if `hidden`; what was typed ahead is dropped: it was meant for something else."""
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
