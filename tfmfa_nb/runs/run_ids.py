"""The IDs of an environment's runs: in order, and the times that they tell."""

from __future__ import annotations

import time
from calendar import timegm
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.layout import RUN_ID

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment


def run_ids(environment: Environment) -> list[str]:
    """The IDs of the environment's runs, newest first; runs of the same second by their last change."""
    folder = environment.files.runs
    try:
        paths = [path for path in folder.iterdir() if RUN_ID.fullmatch(path.name) and not path.is_symlink()]
        times = {path.name: path.stat().st_mtime_ns for path in paths if path.is_dir()}
    except OSError:
        return []
    return sorted(times, key=lambda name: (name[: len("run-20260101-120000")], times[name]), reverse=True)


def started_at(run_id: str) -> float:
    """When a run was started, in seconds since the epoch, from its ID; 0 if the ID has no valid time."""
    try:
        return float(timegm(time.strptime(run_id[4:19], "%Y%m%d-%H%M%S")))
    except ValueError:
        return 0.0
