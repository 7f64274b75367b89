"""Follows a run that another kernel started: its log, its progress, one interrupt if it is canceled, its end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import RunCanceled, RunStateError, TerraformFailed
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.runs.engine.outcome import failure, first_error
from tfmfa_nb.runs.engine.progress import ApplyProgress
from tfmfa_nb.runs.events import Failed, PhaseEnded, RecordRead
from tfmfa_nb.runs.history.probe import PACE, RunProbe
from tfmfa_nb.runs.history.restore import run_of, show_authentication
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.errors import TfmfaError
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.process import Outcome


def take_up(environment: Environment, run_id: str, base: Path) -> Run:
    """A run under way, from its record; `follow` takes it to its end.

    Raises:
        RunStateError: its record is missing or not valid, or it is not under way.
    """
    run = run_of(environment, RunStore(environment, run_id).load(), base)
    if run.driver.record.status not in UNDER_WAY:
        raise RunStateError(f"{run_id} is {run.status}: it is not running.", "Look at it with %tfruns open.")
    show_authentication(run.driver)
    return run


async def follow(run: Run) -> None:
    """Take `run` to its end, and record that as its own kernel would have.

    Being canceled here ends the following only: Terraform goes on.

    Args:
        run: from `take_up`; its `cancel()` gives Terraform the one interrupt.

    Raises:
        RunCanceled, TerraformFailed: as it ended.
        ConfigurationError: its end cannot be recorded.
    """
    driver = run.driver
    probe, progress = RunProbe(driver.environment, run.id), ApplyProgress(driver)
    while probe.look():
        if driver.process is not probe.process:
            driver.attach(probe.process)
        _tell_record(driver, probe.record)
        driver.look_at_log()
        progress.look()
        await asyncio.sleep(PACE)
    driver.attach(None)
    phase, outcome = driver.record.phase, await probe.outcome()
    status = await probe.settle()
    driver.look_at_log()
    progress.look()
    driver.outputs = progress.outputs
    driver.restore_changes()
    error = _error(driver, status, phase, outcome)
    if error is not None:
        driver.tell(Failed(error.problem, error.remedy))
    _tell_record(driver, probe.record)
    driver.tell(PhaseEnded(probe.ended_at or driver.ports.clock()))
    if error is not None:
        raise error


def _tell_record(driver: Driver, record: RunRecord) -> None:
    """What its kernel has recorded since, or the end that was found.

    The moments and errors of this following are this kernel's own, as is the process that it interrupts.
    """
    mine = driver.record
    followed = replace(
        record,
        started_at=mine.started_at,
        ended_at=mine.ended_at,
        log_start=mine.log_start,
        error=mine.error,
        error_remedy=mine.error_remedy,
        process=mine.process,
    )
    if followed != mine:
        driver.tell(RecordRead(followed))
        show_authentication(driver)


def _error(driver: Driver, status: Status, phase: Phase, outcome: Outcome) -> TfmfaError | None:
    if status in {Status.APPLIED, Status.PLANNED, Status.PLANNED_AND_FINISHED}:
        return None
    if status is not Status.ERRORED and outcome.exit_code is None:
        return RunCanceled(f"The run was {status}.")  # at its prompt, in its own kernel
    if phase is Phase.PLAN and not (outcome.interrupted or outcome.killed) and outcome.exit_code in {0, 2}:
        return TerraformFailed(
            "The kernel that planned had exited when the plan ended, so this plan cannot be applied.",
            "Plan again with %%tfplan.",
        )
    product = driver.record.product.partition(" ")[0] or "terraform"
    reason = first_error(driver.store, driver.record.log_start)
    return failure(outcome, phase, reason, product, driver.environment.option)
