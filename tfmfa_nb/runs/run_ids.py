"""The IDs of an environment's runs: in order, and the times that they tell."""

from __future__ import annotations

import os
import time
from calendar import timegm
from collections import Counter
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.layout import RUN_ID

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment


def run_ids(environment: Environment) -> list[str]:
    """The IDs of the environment's runs, newest first; runs of the same second by their last change."""
    try:
        with os.scandir(environment.files.runs) as entries:
            found = [each for each in entries if RUN_ID.fullmatch(each.name) and each.is_dir(follow_symlinks=False)]
        seconds = Counter(second_of(each.name) for each in found)
        # Only where several have one second, the file system is asked: an ID is enough for all others.
        times = {each.name: _changed(each) if seconds[second_of(each.name)] > 1 else 0 for each in found}
    except OSError:
        return []
    return sorted(times, key=lambda name: (second_of(name), times[name]), reverse=True)


def second_of(run_id: str) -> str:
    """The part of an ID that tells the second in which the run was started; IDs of one order are in that of time."""
    return run_id[: len("run-20260101-120000")]


def _changed(entry: os.DirEntry[str]) -> int:
    return entry.stat(follow_symlinks=False).st_mtime_ns


def started_at(run_id: str) -> float:
    """When a run was started, in seconds since the epoch, from its ID; 0 if the ID has no valid time."""
    try:
        return float(timegm(time.strptime(run_id[4:19], "%Y%m%d-%H%M%S")))
    except ValueError:
        return 0.0
