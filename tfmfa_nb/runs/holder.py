"""The holder of an environment's lock: its run, and the command that follows the run or frees the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.statuses import UNDER_WAY
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment, Holder
    from tfmfa_nb.model.statuses import Phase


def purpose_of(phase: Phase | str, run_id: str) -> str:
    """The purpose that a run writes into the lock."""
    return f"{phase}, {run_id}"


def run_of_holder(holder: Holder) -> str:
    """The ID of the run that holds the lock."""
    return holder.purpose.rpartition(", ")[2]


def how_to_follow(environment: Environment, holder: Holder) -> str:
    """What to do about the run that holds the lock, with the command; empty if the run is unknown."""
    run_id = run_of_holder(holder)
    if not run_id:
        return ""
    try:
        status = RunStore(environment, run_id).load().status
    except TfmfaError:
        return ""
    if status.final:
        return f"That run is {status}. To free the lock that it left behind: %tfruns {environment.option} unlock"
    return f"To follow it to its end: %tfruns {environment.option} follow {run_id}" if status in UNDER_WAY else ""
