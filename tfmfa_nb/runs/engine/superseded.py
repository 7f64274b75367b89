"""The pending plans of earlier runs: discarded once a new one has taken their place, and named as long as they wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.runs.history.restore import run_of
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.run import Run


def discard_others(driver: Driver, policy: Policy) -> None:
    """Discard the pending plans of earlier runs, of any kernel, and delete every other saved plan.

    The caller holds the environment's lock: nobody is applying one of them.

    Args:
        driver: driver of the run whose plan takes their place.
        policy: organization policy, for what is written about them.

    Raises:
        ConfigurationError: the audit trail cannot be written.
    """
    for run_id in driver.store.others_with_plans():
        if (other := _pending(driver, run_id, policy)) is not None:
            other.discard()
            driver.note(f"{run_id} is discarded: its plan was waiting to be applied, and this one takes its place.")
    driver.store.drop_other_plans()


def how_to_take_up(driver: Driver) -> str:
    """How to apply the plan of another run of the environment that still waits for it; "" if none does."""
    option = driver.environment.option
    for run_id in driver.store.others_with_plans():
        if _status(driver, run_id) is Status.PLANNED:
            return f"{run_id} still waits to be applied: %tfruns {option} open {run_id}, then %tfapply {option}."
    return ""


def _pending(driver: Driver, run_id: str, policy: Policy) -> Run | None:
    """The run if its plan is pending; None also if its record is not what the trail says: then it cannot be applied."""
    try:
        record, status = read_verified(driver.environment, run_id)
        pending = record.status is status is Status.PLANNED
        return run_of(driver.environment, record, driver.base, policy) if pending else None
    except TfmfaError:
        return None


def _status(driver: Driver, run_id: str) -> Status | None:
    try:
        return RunStore(driver.environment, run_id).load().status
    except TfmfaError:
        return None
