"""Which runs keep their folders, with log and record. The audit trail keeps its lines of all runs, and is never cut."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.environments import EnvironmentLock
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.statuses import UNDER_WAY, Status
from tfmfa_nb.protocol.formats import FormatError
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.gate.os_user import os_user
from tfmfa_nb.runs.history.never_started import check_started, is_pending, why_never_started
from tfmfa_nb.runs.history.waiting_runs import waiting_among
from tfmfa_nb.runs.run_ids import run_ids, second_of, started_at
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy

KEPT_RUNS = 100
"""The newest runs of an environment that always keep their folders."""
KEPT_DAYS = 30
"""Older runs keep theirs for so many days."""


def remove_old_runs(environment: Environment, policy: Policy) -> list[str]:
    """Remove the folders of the runs that are beyond both bounds. The caller must hold the environment's lock.

    Returns:
        What went wrong, in sentences. No new run should fail because of an old one.
    """
    # An ID begins with the time, so that of a thousand runs no time has to be read.
    latest = time.strftime("run-%Y%m%d-%H%M%S", time.gmtime(time.time() - KEPT_DAYS * 86_400))
    old = [run_id for run_id in run_ids(environment)[KEPT_RUNS:] if second_of(run_id) < latest]
    try:
        _remove(environment, old, policy)
    except ConfigurationError as error:
        return [f"Old runs were not removed: {error}"]
    return []


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is removed of an environment, or would be.

    Attributes:
        removed: IDs of the runs, newest first.
        kept: by the ID of each run that is beyond the bounds and stays: why, as a clause.
    """

    removed: tuple[str, ...]
    kept: Mapping[str, str]


def prunable(environment: Environment, keep: int, days: float) -> Pruning:
    """The runs that are older than `days`, and not among the newest `keep`. Nothing is changed.

    Raises:
        ConfigurationError: it cannot be told whether a run has started, or the runs are not the environment's own.
    """
    _check_own(environment)
    latest = time.time() - days * 86_400
    old = [run_id for run_id in run_ids(environment)[keep:] if started_at(run_id) <= latest]
    kept = _needed(environment, old)
    return Pruning(tuple(run_id for run_id in old if run_id not in kept), kept)


async def prune(environment: Environment, keep: int, days: float, policy: Policy) -> Pruning:
    """Remove the folders of the runs that `prunable` names, as they are once nothing runs in the environment.

    Raises:
        EnvironmentLocked: a run holds the environment's lock.
        ConfigurationError: a folder cannot be removed, or that cannot be recorded.
    """
    with await EnvironmentLock.acquire(environment.files.lock, purpose="prune"):
        found = prunable(environment, keep, days)
        _remove(environment, found.removed, policy)
    return found


async def clean(environment: Environment, keep: int, policy: Policy) -> tuple[list[str], list[str]]:
    """Remove the folders of all runs but the newest `keep`, and of all that never started.

    Returns:
        The IDs of the removed runs, and of older ones that are kept: their plan can still be applied, or how they ended
        is not recorded.

    Raises:
        EnvironmentLocked: a run holds the environment's lock.
        ConfigurationError: a folder cannot be removed, or that cannot be recorded.
    """
    with await EnvironmentLock.acquire(environment.files.lock, purpose="clean"):
        ids = run_ids(environment)
        kept = [*_needed(environment, ids[keep:])]
        removed = [run_id for run_id in ids[keep:] if run_id not in kept]
        removed += [run_id for run_id in ids[:keep] if why_never_started(environment, run_id)]
        _remove(environment, removed, policy)
    return removed, kept


async def remove_left_over(environment: Environment, run_id: str, policy: Policy) -> None:
    """Remove the folder of a run that never started, or whose record is missing or not valid.

    Raises:
        RunStateError: its kernel has not started it yet.
        EnvironmentLocked: this or another run holds the environment's lock.
        ConfigurationError: as `clean` does.
    """
    with await EnvironmentLock.acquire(environment.files.lock, purpose="clean"):
        if is_pending(environment, run_id):
            check_started(environment, run_id)
        _remove(environment, [run_id], policy)


def is_readable(environment: Environment, run_id: str) -> bool:
    """True if the run has a valid record.

    Raises:
        FormatError: a version of this package with another format has written it.
    """
    try:
        RunStore(environment, run_id).load()
    except RunStateError:
        return False
    return True


def _needed(environment: Environment, ids: Sequence[str]) -> dict[str, str]:
    """Those of some runs whose folders cannot be removed, each with the reason, as a clause."""
    waiting = waiting_among((environment, run_id) for run_id in ids)
    waits = dict.fromkeys((run_id for _, run_id in waiting), "it waits for an answer")
    reasons = {run_id: waits.get(run_id) or _why_needed(environment, run_id) for run_id in ids}
    return {run_id: why for run_id, why in reasons.items() if why}


def _why_needed(environment: Environment, run_id: str) -> str:
    """Why the folder of a run that does not wait cannot be removed, as a clause; "" if it can."""
    store = RunStore(environment, run_id)
    try:
        status = store.load().status
    except RunStateError:
        return "it has not started yet" if is_pending(environment, run_id) else ""
    except FormatError:
        return "a newer version of tfmfa_nb has written its record"
    if status in UNDER_WAY:
        return "it is still running, or how it ended is not recorded"
    return "its plan is pending" if status is Status.PLANNED and store.has_plan else ""


def _check_own(environment: Environment) -> None:
    """Make sure that the runs lie in the environment's own folder, and are not another one's, to which a link leads.

    Raises:
        ConfigurationError: they do not.
    """
    for folder in (environment.files.private, environment.files.runs):
        if folder.is_symlink():
            raise ConfigurationError(
                f"{folder} is a symbolic link, so its runs may be those of another environment.", "Remove the link."
            )


def _remove(environment: Environment, run_ids: Sequence[str], policy: Policy) -> None:
    """Remove runs, after the audit trail has recorded it.

    Raises:
        ConfigurationError: they are not the environment's own, or that cannot be recorded.
    """
    if not run_ids:
        return
    _check_own(environment)
    trail = AuditTrail(environment.files.audit_trail, policy.audit)
    trail.write("removed", runs=list(run_ids), by=os_user(), policy=policy.digest)
    for run_id in run_ids:
        RunStore(environment, run_id).remove()
