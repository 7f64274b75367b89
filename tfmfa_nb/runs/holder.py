"""Who holds an environment's lock: which run that is, and how to go on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.statuses import UNDER_WAY
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment, Holder
    from tfmfa_nb.model.statuses import Phase


def purpose_of(phase: Phase | str, run_id: str) -> str:
    """What a run says of itself in the lock it holds."""
    return f"{phase}, {run_id}"


def run_of_holder(holder: Holder) -> str:
    """The run that holds the lock."""
    return holder.purpose.rpartition(", ")[2]


def how_to_follow(environment: Environment, holder: Holder) -> str:
    """The command for the run that holds the environment; empty where nothing is known of it."""
    run_id = run_of_holder(holder)
    if not run_id:
        return ""
    try:
        status = RunStore(environment, run_id).load().status
    except TfmfaError:
        return ""
    if status.final:
        return f"That run is {status}. To free the lock that it left: %tfruns {environment.option} unlock"
    return f"To follow it to its end: %tfruns {environment.option} follow {run_id}" if status in UNDER_WAY else ""
