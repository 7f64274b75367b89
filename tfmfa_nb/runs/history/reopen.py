"""Opens a run that is not running, to show it again or to discard its pending plan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tfmfa_nb.environments import EnvironmentLock
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.runs.engine.failure import first_error
from tfmfa_nb.runs.events import Failed, PhaseEnded
from tfmfa_nb.runs.history.restore import restore, run_of, show_authentication
from tfmfa_nb.runs.history.retention import is_readable, remove_left_over
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.holder import how_to_follow, purpose_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.run import Run


def opened(environment: Environment, run_id: str, base: Path, environ: Mapping[str, str], policy: Policy) -> Run:
    """A run that is not running, from its record; a pending plan can then be applied.

    Raises:
        RunStateError: as `restore` does.
    """
    run = restore(environment, run_id, base, environ, policy)
    driver = run.driver
    show_authentication(driver)
    error = first_error(driver.store, driver.record.log_start) if driver.record.status is Status.ERRORED else ""
    driver.tell(Failed(error))
    driver.tell(PhaseEnded(_ended_at(driver)))
    return run


async def discard(environment: Environment, run_id: str, base: Path, policy: Policy) -> Run:
    """Discard a pending plan of any kernel, and delete the plan.

    Raises:
        RunStateError: the run has no pending plan.
        EnvironmentLocked: the plan is being applied, or another run holds the environment's lock.
    """
    lock = await EnvironmentLock.acquire(
        environment.files.lock,
        purpose=purpose_of("discard", run_id),
        advice=lambda holder: how_to_follow(environment, holder),
    )
    with lock:
        run = run_of(environment, read_verified(environment, run_id)[0], base, policy)
        if run.driver.record.status is not Status.PLANNED:
            raise RunStateError(f"{run_id} is {run.status}.", "Only a planned run can be discarded.")
        show_authentication(run.driver)
        run.discard()
        run.driver.tell(PhaseEnded(_ended_at(run.driver)))
    return run


async def discard_any(environment: Environment, run_id: str, base: Path, policy: Policy) -> Run | None:
    """Discard a pending plan, or remove a run that never started or whose record is missing or not valid.

    Returns:
        The discarded run; None if it was removed.

    Raises:
        TfmfaError: as `discard` and `remove_left_over` do.
    """
    if is_readable(environment, run_id):
        return await discard(environment, run_id, base, policy)
    await remove_left_over(environment, run_id, policy)
    return None


def _ended_at(driver: Driver) -> float:
    """When the last phase ended. If that is unknown, the best estimate, because the run has ended."""
    record = driver.record
    return driver.store.ended_at(record.phase) or record.ended_at or record.started_at or time.time()
