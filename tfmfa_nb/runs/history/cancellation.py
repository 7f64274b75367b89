"""Cancels a run that another kernel started."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import RunCanceled, RunStateError
from tfmfa_nb.model.statuses import UNDER_WAY
from tfmfa_nb.runs.history.follow import follow, run_to_follow
from tfmfa_nb.runs.history.probe import RunProbe

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.run import Run


def run_to_cancel(environment: Environment, run_id: str, base: Path, policy: Policy) -> Run:
    """A run that is canceled as soon as it is followed: `follow` sends Terraform one interrupt.

    Raises:
        RunStateError: it is not running, it cannot be canceled from here, or as `run_to_follow` does.
    """
    line = f"%tfruns {environment.option} follow {run_id}"
    probe = RunProbe(environment, run_id)
    if not probe.look():
        status = probe.record.status
        if status in UNDER_WAY:
            raise RunStateError(f"{run_id} has ended.", f"To record how it ended: {line}")
        raise RunStateError(f"{run_id} is {status}: it is not running.", "There is nothing to cancel.")
    if probe.process is None:
        where = (
            "It is waiting in its own kernel"
            if probe.attended
            else "Only its supervisor could stop it, and that has exited"
        )
        raise RunStateError(f"{run_id} cannot be canceled from here. {where}.", f"Follow it to its end: {line}")
    run = run_to_follow(environment, run_id, base, policy)
    run.cancel()
    return run


async def cancel(environment: Environment, run_id: str, base: Path, policy: Policy) -> Run:
    """Cancel a run, and follow it until it has ended.

    Raises:
        TfmfaError: as `run_to_cancel` and `follow` do; that the run is canceled is no error.
    """
    run = run_to_cancel(environment, run_id, base, policy)
    with suppress(RunCanceled):
        await follow(run)
    return run
