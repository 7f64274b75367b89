"""What earlier runs of an environment have left over, with the command that shows how to remove it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tfmfa_nb.doctor.finding import Finding, Severity
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.runs.history.disk_use import disk_use
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.run_ids import run_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.runs.history.listing import ListedRun

_SUBJECT = "earlier runs"
_KEPT = 7 * 86_400  # seconds
_MUCH = 1_000_000_000  # bytes
_KINDS: dict[str, Callable[[ListedRun], bool]] = {
    "never started": lambda run: bool(run.never_started),
    "cannot be read": lambda run: run.status is None and not run.never_started,
    "ended without a record of how": lambda run: run.end_unrecorded,
    "with a copy of the state, which has secrets in it, for more than a week": lambda run: (
        run.has_state_copy and time.time() - run.started_at > _KEPT
    ),
}


def check_disk_use(environment: Environment) -> Finding:
    """The finding about how much of the disk the environment's runs, and its audit trail, take."""
    found = disk_use(environment)
    if found.run_bytes < _MUCH:
        return Finding("disk use", Severity.OK, f"{found}.")
    return Finding(
        "disk use",
        Severity.WARNING,
        f"{found}.",
        "See what could go: jupyter tfmfa records prune --older-than 90 --dry-run",
    )


def check_leftovers(environment: Environment) -> Finding:
    """The finding about runs that somebody has to remove, or to follow to their recorded end."""
    try:
        runs = list_runs(environment, len(run_ids(environment))).runs
    except ConfigurationError as error:
        return Finding(_SUBJECT, Severity.WARNING, error.problem, error.remedy)
    counts = {kind: sum(map(is_one, runs)) for kind, is_one in _KINDS.items()}
    said = [f"{count:,} {kind}" for kind, count in counts.items() if count]
    if not said:
        return Finding(_SUBJECT, Severity.OK, "none has left anything over.")
    return Finding(
        _SUBJECT, Severity.WARNING, f"{', '.join(said)}.", f"See what to do: %tfruns {environment.option} --limit 1000"
    )
