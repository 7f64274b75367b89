"""The view of a run that nobody watches: one output, updated, that ends as the static summary.

Its metadata say where the log is and how far it goes, so that whoever executes the notebook can follow it there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from IPython.display import display

from tfmfa_nb.authentication.prompts.nobody import NobodyPrompt
from tfmfa_nb.views.lasting import leave_summary
from tfmfa_nb.views.summary import summary_bundle
from tfmfa_nb.views.words import lock_sentence

if TYPE_CHECKING:
    from IPython.core.display_functions import DisplayHandle

    from tfmfa_nb.authentication.prompts import Prompt
    from tfmfa_nb.runs.run import Run

_PACE = 0.25  # seconds between two updates

LOG_KEY = "tfmfa_nb"
"""The key in a display's metadata under which a run says where its log is (seen from the kernel's folder), how far
it goes, and its lock."""


class HeadlessView:
    """Shows `run` in a notebook that is executed by a program."""

    stdin = False

    def __init__(self, run: Run) -> None:
        self._run = run
        self._handle: DisplayHandle | None = None
        self._told = 0.0

    def prompt(self) -> Prompt:
        """Nobody can type a code here."""
        return NobodyPrompt(
            "this notebook is executed by a program, so nobody can type one; "
            "set TFMFA_TOKEN_COMMAND to a command that prints the code"
        )

    def begin(self) -> None:
        """Show the output that will be updated."""
        self._handle = display(self._bundle(), raw=True, metadata=self._log(), display_id=True)
        self._run.observe(self._changed, names=["status", "log_lines", "lock"])

    def end(self) -> None:
        """Leave the static summary."""
        self._run.unobserve(self._changed, names=["status", "log_lines", "lock"])
        if self._handle is not None:
            leave_summary(self._run, self._handle, self._log())

    def _changed(self, change: dict[str, Any]) -> None:
        if change["name"] != "log_lines" or time.monotonic() - self._told > _PACE:
            self._update()

    def _update(self) -> None:
        self._told = time.monotonic()
        if self._handle is not None:
            self._handle.update(self._bundle(), raw=True, metadata=self._log())

    def _bundle(self) -> dict[str, str]:
        return summary_bundle(self._run)

    def _log(self) -> dict[str, dict[str, Any]]:
        run = self._run
        log = {"path": run.log_path, "start": run.log_start, "lines": run.log_lines}
        return {LOG_KEY: {**log, "lock": lock_sentence(run) if run.lock_text else ""}}
