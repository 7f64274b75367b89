"""Restores a run of an earlier kernel, with which `jupyter tfmfa run --resume` continues."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.environments import Environment
from tfmfa_nb.runs.history.restore import restore
from tfmfa_nb.views.headless import show_restored

if TYPE_CHECKING:
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.run import Run


def restored(folder: str, run_id: str, policy: Policy) -> Run:
    """Restore a run, and show it.

    Args:
        folder: folder of its environment, relative to the notebook.
        run_id: ID of the run.
        policy: organization policy.

    Raises:
        RunStateError: the record is missing or not valid, or the run is still running.
    """
    environment = Environment(Path(folder).name, (Path.cwd() / folder).absolute(), owned=True)
    run = restore(environment, run_id, Path.cwd(), os.environ, policy)
    show_restored(run)
    return run
