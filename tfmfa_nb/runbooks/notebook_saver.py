"""Saves a notebook while it is executed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import nbformat

from tfmfa_nb.environments.atomic_files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

# The pause between two saves is at least this multiple of the duration of a save, so that trivial cells share one.
_PAUSE_FACTOR = 50


class NotebookSaver:
    """Saves a notebook atomically, again and again.

    Args:
        notebook: what to save.
        path: where to save it; an existing file keeps its mode.
    """

    def __init__(self, notebook: Any, path: Path) -> None:
        self._notebook, self._path = notebook, path
        self._mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        self._duration = 0.0
        self._saved_at = 0.0
        self._scheduled: asyncio.TimerHandle | None = None

    def save(self) -> None:
        """Save now.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        started = time.monotonic()
        write_whole(self._path, nbformat.v4.writes(self._notebook) + "\n", self._mode)
        self._saved_at = time.monotonic()
        self._duration = self._saved_at - started

    def save_soon(self) -> None:
        """Save now, or in a moment if the last save is recent.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        if self._scheduled is not None:
            return
        delay = self._saved_at + _PAUSE_FACTOR * self._duration - time.monotonic()
        if delay <= 0:
            self.save()
        else:
            self._scheduled = asyncio.get_running_loop().call_later(delay, self.save)
