"""The end of a phase: sets the status that reflects the outcome."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import (
    AuthenticationError,
    PolicyCheckFailed,
    RunCanceled,
    RunDiscarded,
    RunStateError,
    TfmfaError,
)
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.runs.engine.failure import failure
from tfmfa_nb.runs.events import ChecksKnown, Failed
from tfmfa_nb.terraform.failed_checks import failed_checks

if TYPE_CHECKING:
    from tfmfa_nb.model.statuses import Phase
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.engine.command import Commands
    from tfmfa_nb.terraform.process import Outcome

# Terraform prints its warnings last; a whole log may be as long as a person would not wait for.
_LAST_LINES = 1_000


def settle(driver: Driver, error: BaseException) -> None:
    """Set the status that results from `error`.

    A pending plan stays planned, whatever happened at the prompt. Any other unfinished phase ends canceled or errored.
    A start that was refused before Terraform started, and before a code was given, is no run: it leaves nothing.

    Raises:
        ConfigurationError: the status cannot be recorded.
    """
    status = driver.record.status
    problem, remedy, documents = "", "", []
    if isinstance(error, TfmfaError):
        problem, remedy = error.problem, error.remedy
        documents = [{"title": each.title, "text": each.text} for each in error.documents]
    elif isinstance(error, asyncio.CancelledError):
        command = driver.record.command or driver.record.phase
        problem, remedy = f"The {command} was interrupted.", _effect_of_interrupt(driver.record)
    # A RunStateError here is about the saved plan, which then cannot be applied.
    if status is Status.PLANNED and not isinstance(error, RunDiscarded | RunStateError | PolicyCheckFailed):
        # Some remedies say how, with what that needs, such as --workspace.
        how = "" if "%tfapply" in remedy else ": apply it with %tfapply"
        remedy = f"{remedy} The plan is still pending{how}.".strip()
    driver.tell(Failed(problem, remedy, documents))
    discarded, rejected = isinstance(error, RunDiscarded), isinstance(error, PolicyCheckFailed)
    stopped = isinstance(error, RunCanceled | asyncio.CancelledError)
    ended = Status.DISCARDED if discarded else Status.CANCELED if stopped else Status.ERRORED
    if status is Status.PENDING and not driver.code_given:
        driver.refuse(ended, problem, is_evidence=isinstance(error, AuthenticationError))
    elif discarded or rejected or (status is not Status.PLANNED and not status.final):
        driver.move(ended)


def _effect_of_interrupt(record: RunRecord) -> str:
    """What an interrupt has changed: nothing before the apply, finished changes during it."""
    if record.status is Status.APPLYING or (record.status is Status.RUNNING and record.phase.changes):
        return "Terraform stopped gracefully: finished changes are in the state."
    return "" if record.status is Status.PLANNED else "Nothing was changed."


def report_checks(driver: Driver) -> None:
    """Report the `check` blocks that failed in the phase; they fail no command."""
    log = driver.store.log
    end = log.refresh()
    failed = failed_checks(log.lines(max(driver.record.log_start, end - _LAST_LINES), end))
    driver.tell(ChecksKnown([asdict(each) for each in failed]))


def raise_for(outcome: Outcome, commands: Commands, phase: Phase, *, accepted: tuple[int, ...]) -> None:
    """Report the checks that failed, then raise an error unless Terraform's exit code is one of `accepted`.

    Raises:
        RunCanceled: Terraform was stopped or killed by a person.
        TerraformFailed: Terraform failed; the error quotes its first message.
    """
    with suppress(OSError):  # it would hide how Terraform ended
        report_checks(commands.driver)
    if outcome.exit_code not in accepted:
        raise failure(outcome, phase, commands.driver, commands.executable.product)
