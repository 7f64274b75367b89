"""The end of a phase: sets the status that reflects the outcome, and describes the outcome in one sentence."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from tfmfa_nb.model.ansi import strip_colors
from tfmfa_nb.model.errors import RunCanceled, RunDiscarded, RunStateError, TerraformFailed, TfmfaError
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.events import Failed

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.engine.command import Commands
    from tfmfa_nb.runs.store import RunStore
    from tfmfa_nb.terraform.process import Outcome

_ERROR = re.compile(r"(?:^|\s)Error: (.+)")


def settle(driver: Driver, error: BaseException) -> None:
    """Set the status that results from `error`.

    A pending plan stays planned, whatever happened at the prompt. Any other unfinished phase ends canceled or errored.

    Raises:
        ConfigurationError: the status cannot be recorded.
    """
    status = driver.record.status
    problem, remedy, documents = "", "", []
    if isinstance(error, TfmfaError):
        problem, remedy = error.problem, error.remedy
        documents = [{"title": each.title, "text": each.text} for each in error.documents]
    elif isinstance(error, asyncio.CancelledError):
        problem, remedy = f"The {driver.record.phase} was interrupted.", _effect_of_interrupt(status)
    # A RunStateError here is about the saved plan, which then cannot be applied.
    if status is Status.PLANNED and not isinstance(error, RunDiscarded | RunStateError):
        remedy = f"{remedy} The plan is still pending: apply it with %tfapply.".strip()
    driver.tell(Failed(problem, remedy, documents))
    if isinstance(error, RunDiscarded):
        driver.move(Status.DISCARDED)
    elif status is not Status.PLANNED and not status.final:
        stopped = isinstance(error, RunCanceled | asyncio.CancelledError)
        driver.move(Status.CANCELED if stopped else Status.ERRORED)


def _effect_of_interrupt(status: Status) -> str:
    """What an interrupt has changed: nothing before the apply, finished changes during it."""
    if status is Status.APPLYING:
        return "Terraform stopped gracefully: finished changes are in the state."
    return "" if status is Status.PLANNED else "Nothing was changed."


def raise_for(outcome: Outcome, commands: Commands, phase: Phase, *, accepted: tuple[int, ...]) -> None:
    """Raise an error unless Terraform's exit code is one of `accepted`.

    Raises:
        RunCanceled: Terraform was interrupted or killed.
        TerraformFailed: Terraform failed; the error quotes its first message.
    """
    if outcome.exit_code not in accepted:
        driver = commands.driver
        reason = first_error(driver.store, driver.record.log_start)
        raise failure(outcome, phase, reason, commands.executable.product, driver.environment.option)


def failure(outcome: Outcome, phase: Phase, reason: str, product: str, option: str) -> TfmfaError:
    """The error for an unsuccessful outcome.

    Args:
        outcome: outcome of the Terraform command.
        phase: phase of the run.
        reason: Terraform's first error; may be empty.
        product: "terraform" or "tofu".
        option: option of a magic that selects the environment, such as "-e staging".
    """
    if outcome.interrupted or outcome.killed:
        changed = "Finished changes are in the state." if phase is Phase.APPLY else "Nothing was changed."
        if outcome.killed:
            changed = "Terraform was killed: compare the state with AWS before the next run."
        return RunCanceled(f"The {phase} was canceled.", changed)
    exit_text = "without an exit code" if outcome.exit_code is None else f"with exit code {outcome.exit_code}"
    remedy = "See the log for Terraform's full message."
    if outcome.exit_code is None:
        remedy = "The outcome is unknown. Plan again to compare the state with AWS."
    elif "plan is stale" in reason:
        remedy = "The state has changed since the plan. Plan again."
    elif "acquiring the state lock" in reason:
        remedy = f"The log shows who holds the lock. Wait for that run. If it is dead, use: %tfruns {option} unlock"
    return TerraformFailed(f"{product} {phase} ended {exit_text}{': ' + reason if reason else ''}.", remedy)


def first_error(store: RunStore, start: int) -> str:
    """Terraform's first "Error: …" at or after line `start` of the log; empty if there is none."""
    for line in store.log.lines(start, store.log.refresh()):
        if match := _ERROR.search(strip_colors(line)):
            return match[1].strip()
    return ""
