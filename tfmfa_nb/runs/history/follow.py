"""A run that another kernel began, taken up again.

One that goes on is followed: its log, its progress, one interrupt if it is canceled, its end. One that does not is
looked at, or discarded.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tfmfa_nb.environments import EnvironmentLock
from tfmfa_nb.model.errors import RunCanceled, RunStateError, TerraformFailed
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.runs.engine.command import first_error_of
from tfmfa_nb.runs.engine.outcome import failure
from tfmfa_nb.runs.engine.phases import events_of
from tfmfa_nb.runs.history.probe import PACE, Traces, how_to_follow
from tfmfa_nb.runs.history.restore import kept_plan, restore, run_of
from tfmfa_nb.runs.history.verify import read_agreed
from tfmfa_nb.runs.store import RunFolder
from tfmfa_nb.terraform.apply_progress import ApplyEvents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.errors import TfmfaError
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.process import Outcome

_TOLD = ("status", "phase", "level", "product", "authenticated_by", "authenticated_at", "identity", "counts")


def take_up(environment: Environment, run_id: str, base: Path) -> Run:
    """A run under way, as its record has it; `follow` takes it to its end.

    Raises:
        RunStateError: there is no record of it, or it has come to its end, or waits.
    """
    run = run_of(environment, RunFolder(environment.private, run_id).read(), run_id, base)
    if Status(run.status) not in UNDER_WAY:
        raise RunStateError(f"{run_id} is {run.status}: it does not go on.", "Look at it with %tfruns open.")
    show_authentication(run)
    return run


def show_authentication(run: Run) -> None:
    """The lock indicator of a run that comes from its record."""
    if run.authenticated_by:
        run._show_lock(LockIndicator.AUTHENTICATED, f"Authenticated with MFA by {run.authenticated_by}")
    else:
        run._show_lock(LockIndicator.OPEN, f"No MFA code was needed to {run.phase}")


async def follow(run: Run) -> None:
    """Take `run` to its end, and record that as its own kernel would have.

    Being cancelled here ends the following only: Terraform goes on.

    Args:
        run: from `take_up`; its `cancel()` gives Terraform the one interrupt.

    Raises:
        RunCanceled, TerraformFailed: as it ended.
        ConfigurationError: its end cannot be recorded.
    """
    traces = Traces(run._environment, run.id)
    events = ApplyEvents(run._files.events)
    look = events_of(run, events)
    while traces.look():
        if run._process is not traces.process:
            run._process = traces.process
            if run.canceling and run._process is not None:  # canceled while Terraform was not there yet
                run._process.interrupt()
        if any(traces.record.get(name) != getattr(run, name) for name in _TOLD):
            _tell(run, traces)
        run.log_lines = run._log.refresh()
        look()
        await asyncio.sleep(PACE)
    run._process = None
    phase, outcome = Phase(run.phase), await traces.outcome()
    status = await traces.settle()
    run.log_lines = run._log.refresh()
    look()
    run._outputs = dict(events.progress.outputs)
    run._plan = kept_plan(run)
    error = _error(run, status, phase, outcome)
    if error is not None:
        run.error, run.error_remedy = error.problem, error.remedy
    _tell(run, traces)
    run.ended_at = traces.ended_at or time.time()
    if error is not None:
        raise error


def _tell(run: Run, traces: Traces) -> None:
    """What its kernel has recorded since, or the end that was found."""
    with run.hold_trait_notifications():
        for name in _TOLD:
            setattr(run, name, traces.record[name])
    show_authentication(run)


def _error(run: Run, status: Status, phase: Phase, outcome: Outcome) -> TfmfaError | None:
    if status in {Status.APPLIED, Status.PLANNED, Status.PLANNED_AND_FINISHED}:
        return None
    if status is not Status.ERRORED and outcome.exit_code is None:
        return RunCanceled(f"The run was {status}.")  # at its prompt, in its own kernel
    if phase is Phase.PLAN and not (outcome.interrupted or outcome.killed) and outcome.exit_code in {0, 2}:
        return TerraformFailed(
            "The kernel that planned was gone at the plan's end, so this plan cannot be applied.",
            "Plan again with %%tfplan.",
        )
    product = run.product.partition(" ")[0] or "terraform"
    return failure(run, outcome, phase, first_error_of(run), product)


def opened(environment: Environment, run_id: str, base: Path, environ: Mapping[str, str]) -> Run:
    """A run that does not go on, as it is looked at again; one that waits can be applied.

    Raises:
        RunStateError: as `restore` does.
    """
    run = restore(environment, run_id, base, environ)
    show_authentication(run)
    if run.status == Status.ERRORED:
        run.error = first_error_of(run)
    # Nothing goes on, also where its end is not known.
    run.ended_at = run._files.ended_at(run.phase) or run.started_at or time.time()
    return run


async def discard(environment: Environment, run_id: str, base: Path) -> Run:
    """Give a plan up that waits, whichever kernel made it; it is deleted.

    Raises:
        RunStateError: it does not wait.
        EnvironmentLocked: it is being applied, or another run holds the environment.
    """
    lock = await EnvironmentLock.acquire(
        environment.lock_path,
        purpose=f"discard, {run_id}",
        advice=lambda holder: how_to_follow(environment, holder),
    )
    with lock:
        run = run_of(environment, read_agreed(environment, run_id)[0], run_id, base)
        if run.status != Status.PLANNED:
            raise RunStateError(f"{run_id} is {run.status}.", "Only a planned run can be discarded.")
        show_authentication(run)
        run.discard()
        run.ended_at = run._files.ended_at(run.phase) or run.started_at or time.time()
    return run
