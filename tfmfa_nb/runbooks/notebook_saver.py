"""Saves a notebook while it is executed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import nbformat

from tfmfa_nb.environments.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

# A save may take this share of the time: trivial cells are not saved one by one.
_SHARE = 50


class NotebookSaver:
    """Saves a notebook whole, as it goes.

    Args:
        notebook: what is saved.
        path: where to.
    """

    def __init__(self, notebook: Any, path: Path) -> None:
        self._notebook, self._path = notebook, path
        self._mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        self._cost = 0.0
        self._ended = 0.0
        self._later: asyncio.TimerHandle | None = None

    def save(self) -> None:
        """Save now.

        Raises:
            ConfigurationError: it cannot be written.
        """
        if self._later is not None:
            self._later.cancel()
            self._later = None
        began = time.monotonic()
        write_whole(self._path, nbformat.v4.writes(self._notebook) + "\n", self._mode)
        self._ended = time.monotonic()
        self._cost = self._ended - began

    def soon(self) -> None:
        """Save now, or in a moment where the last time is only just past.

        Raises:
            ConfigurationError: it cannot be written.
        """
        if self._later is not None:
            return
        rest = self._ended + _SHARE * self._cost - time.monotonic()
        if rest <= 0:
            self.save()
        else:
            self._later = asyncio.get_running_loop().call_later(rest, self.save)
