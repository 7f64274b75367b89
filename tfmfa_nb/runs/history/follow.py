"""Follows a run that another kernel started: its log and progress, its cancellation, and its end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import RunCanceled, RunStateError, TerraformFailed
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.runs.engine.failure import failure, says_left_alone
from tfmfa_nb.runs.engine.outcome import report_checks
from tfmfa_nb.runs.engine.progress import ApplyProgress
from tfmfa_nb.runs.events import Failed, PhaseEnded, RecordRead
from tfmfa_nb.runs.history.probe import PACE, RunProbe
from tfmfa_nb.runs.history.restore import run_of, show_authentication
from tfmfa_nb.runs.history.verify import read_verified

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.errors import TfmfaError
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.process import Outcome


def run_to_follow(environment: Environment, run_id: str, base: Path, policy: Policy) -> Run:
    """A run that is still running, from its record, for `follow`.

    Raises:
        RunStateError: the record is missing, not valid, or does not match the audit trail; or the run is not running.
    """
    found = run_if_under_way(environment, run_id, base, policy)
    if found is None:
        status = read_verified(environment, run_id)[0].status
        raise RunStateError(f"{run_id} is {status}: it is not running.", "Show it with %tfruns open.")
    return found


def run_if_under_way(environment: Environment, run_id: str, base: Path, policy: Policy) -> Run | None:
    """The same; None if it is not running, such as one that has ended since somebody looked.

    Raises:
        RunStateError: the record is missing, not valid, or does not match the audit trail.
    """
    run = run_of(environment, read_verified(environment, run_id)[0], base, policy)
    if run.driver.record.status not in UNDER_WAY:
        return None
    show_authentication(run.driver)
    return run


async def follow(run: Run) -> None:
    """Follow `run` until it ends, and record its end as its own kernel would have.

    A cancellation only stops following; Terraform continues.

    Args:
        run: from `run_to_follow`; its `cancel()` sends Terraform one interrupt.

    Raises:
        RunCanceled, TerraformFailed: the run was canceled, or it failed.
        RunStateError: its record does not match the audit trail any more. Terraform continues, unless it is canceled.
        ConfigurationError: the end cannot be recorded.
    """
    driver = run.driver
    probe, progress = RunProbe(driver.environment, run.id), ApplyProgress(driver)
    progress.estimate()
    seen: RunRecord | None = None
    while probe.look():
        if driver.process is not probe.process:
            driver.attach(probe.process)
        # A run that a person cancels is seen to its end, whoever has changed its record: `settle` says so then.
        if probe.record != seen and not driver.canceling:
            seen = probe.record
            _tell_record(driver)
        if terraform := probe.left_alone:
            with suppress(OSError):  # the card has it, also if the log cannot have it
                driver.note(says_left_alone(terraform))
        driver.look_at_log()
        progress.look()
        await asyncio.sleep(PACE)
    driver.attach(None)
    phase, outcome = driver.record.phase, await probe.outcome()
    status = await probe.settle(driver.store)
    driver.look_at_log()
    progress.look()
    if status is Status.APPLIED:
        progress.complete()
    driver.outputs = progress.outputs
    driver.restore_changes()
    with suppress(OSError):
        report_checks(driver)
    error = _error(driver, status, phase, outcome)
    if error is not None:
        driver.tell(Failed(error.problem, error.remedy))
    _tell_record(driver)
    driver.tell(PhaseEnded(probe.ended_at or driver.ports.clock()))
    if error is not None:
        raise error


def _tell_record(driver: Driver) -> None:
    """Report what the run's kernel has recorded since, or the end, as far as the audit trail says the same.

    Times, errors, and the process to interrupt are this kernel's own.
    """
    own = driver.record
    record, _ = read_verified(driver.environment, own.id)
    followed = replace(
        record,
        started_at=own.started_at,
        ended_at=own.ended_at,
        log_start=own.log_start,
        error=own.error,
        error_remedy=own.error_remedy,
        process=own.process,
    )
    if followed != own:
        driver.tell(RecordRead(followed))
        show_authentication(driver)


def _error(driver: Driver, status: Status, phase: Phase, outcome: Outcome) -> TfmfaError | None:
    if status in {Status.APPLIED, Status.FINISHED, Status.PLANNED, Status.PLANNED_AND_FINISHED}:
        return None
    if status is not Status.ERRORED and outcome.exit_code is None:
        return RunCanceled(f"The run was {status}.")  # canceled or discarded at the prompt in its own kernel
    if phase is Phase.PLAN and not (outcome.interrupted or outcome.killed) and outcome.exit_code in {0, 2}:
        return TerraformFailed(
            "The kernel that planned had exited when the plan ended, so this plan cannot be applied.",
            "Plan again with %tfplan.",
        )
    product = driver.record.product.partition(" ")[0] or "terraform"
    return failure(outcome, phase, driver, product)
