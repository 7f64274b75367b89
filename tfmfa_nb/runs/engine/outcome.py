"""How a phase ends: whatever happened, the run's status says so, and the person reads one sentence about it."""

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
    """Leave the run in the status that `error` means.

    A plan that waits stays planned, whatever happened at the prompt; what had started ends canceled or errored.

    Raises:
        ConfigurationError: it cannot be recorded.
    """
    status = driver.record.status
    problem, remedy, documents = "", "", []
    if isinstance(error, TfmfaError):
        problem, remedy = error.problem, error.remedy
        documents = [{"title": each.title, "text": each.text} for each in error.documents]
    elif isinstance(error, asyncio.CancelledError):
        problem, remedy = f"The {driver.record.phase} was interrupted.", _left_behind(status)
    # A RunStateError here is about the saved plan, which then cannot be applied.
    if status is Status.PLANNED and not isinstance(error, RunDiscarded | RunStateError):
        remedy = f"{remedy} The plan is still pending: apply it with %tfapply.".strip()
    driver.tell(Failed(problem, remedy, documents))
    if isinstance(error, RunDiscarded):
        driver.move(Status.DISCARDED)
    elif status is not Status.PLANNED and not status.final:
        stopped = isinstance(error, RunCanceled | asyncio.CancelledError)
        driver.move(Status.CANCELED if stopped else Status.ERRORED)


def _left_behind(status: Status) -> str:
    """What an interrupt leaves: nothing was applied yet, or Terraform saved what it had finished."""
    if status is Status.APPLYING:
        return "Terraform stopped gracefully: finished changes are in the state."
    return "" if status is Status.PLANNED else "Nothing was changed."


def raise_for(outcome: Outcome, commands: Commands, phase: Phase, *, accepted: tuple[int, ...]) -> None:
    """Raise what went wrong, where Terraform ended otherwise than `accepted`.

    Raises:
        RunCanceled: it was stopped.
        TerraformFailed: it failed; the first of its own errors is quoted.
    """
    if outcome.exit_code not in accepted:
        driver = commands.driver
        reason = first_error(driver.store, driver.record.log_start)
        raise failure(outcome, phase, reason, commands.executable.product, driver.environment.option)


def failure(outcome: Outcome, phase: Phase, reason: str, product: str, option: str) -> TfmfaError:
    """What went wrong, for a person.

    Args:
        outcome: of Terraform.
        phase: what it did.
        reason: Terraform's own first error; may be empty.
        product: "terraform" or "tofu".
        option: how a magic's line names the environment.
    """
    if outcome.interrupted or outcome.killed:
        changed = "Finished changes are in the state." if phase is Phase.APPLY else "Nothing was changed."
        if outcome.killed:
            changed = "It was stopped by force: compare the state with AWS before the next run."
        return RunCanceled(f"The {phase} was canceled.", changed)
    code = "without an exit code" if outcome.exit_code is None else f"with exit code {outcome.exit_code}"
    remedy = "See the log for Terraform's whole message."
    if outcome.exit_code is None:
        remedy = "How it ended is not known. Plan again to compare the state with AWS."
    elif "plan is stale" in reason:
        remedy = "The state has changed since the plan. Plan again."
    elif "acquiring the state lock" in reason:
        remedy = f"The log says who holds it. Wait for them; if that run is dead: %tfruns {option} unlock"
    return TerraformFailed(f"{product} {phase} ended {code}{': ' + reason if reason else ''}.", remedy)


def first_error(store: RunStore, start: int) -> str:
    """Terraform's first "Error: …" from line `start` on, for the one line that a traceback has; empty for none."""
    for line in store.log.lines(start, store.log.refresh()):
        if match := _ERROR.search(strip_colors(line)):
            return match[1].strip()
    return ""
