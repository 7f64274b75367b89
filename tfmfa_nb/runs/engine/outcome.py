"""How a phase ends: whatever happened, the run's status says so, and the person reads one sentence about it."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import usable
from tfmfa_nb.model.errors import RunCanceled, RunDiscarded, TerraformFailed, TfmfaError
from tfmfa_nb.model.statuses import Phase, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.runs.engine.command import Execution
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.process import Outcome


@contextmanager
def phase_of(run: Run, phase: Phase) -> Iterator[None]:
    """Begin a phase, and whatever ends it, leave the run in a status that says so."""
    run.phase = str(phase)
    run.canceling = False
    run.error = run.error_remedy = ""
    run.error_documents = []
    run.started_at, run.ended_at = time.time(), 0.0
    try:
        with usable(run._files.path):
            run.log_start = run.log_lines = run._log.refresh()
            yield
    except (RunDiscarded, RunCanceled, asyncio.CancelledError, TfmfaError) as error:
        _settle(run, error)
        raise
    except BaseException:
        _settle(run, TfmfaError("An unexpected error stopped the run."))
        raise
    finally:
        run.question = {}
        with suppress(OSError):  # which would hide what really ended it
            run.log_lines = run._log.refresh()
        run.ended_at = time.time()


def _settle(run: Run, error: BaseException) -> None:
    """A plan that waits stays so whatever happened at the prompt; what had begun ends canceled or errored."""
    status = Status(run.status)
    if isinstance(error, TfmfaError):
        run.error, run.error_remedy = error.problem, error.remedy
        run.error_documents = [{"title": one.title, "text": one.text} for one in error.documents]
    elif isinstance(error, asyncio.CancelledError):
        run.error, run.error_remedy = f"The {run.phase} was interrupted.", _left_behind(status)
    if isinstance(error, RunDiscarded):
        run._move(Status.DISCARDED)
    elif status is Status.PLANNED:
        run.error_remedy = f"{run.error_remedy} The plan still waits: apply it with %tfapply.".strip()
    elif not status.final:
        stopped = isinstance(error, RunCanceled | asyncio.CancelledError)
        run._move(Status.CANCELED if stopped else Status.ERRORED)


def _left_behind(status: Status) -> str:
    """What an interrupt leaves: nothing was applied yet, or Terraform saved what it had finished."""
    if status is Status.APPLYING:
        return "Terraform stopped gracefully: what was finished is in the state."
    return "" if status is Status.PLANNED else "Nothing was changed."


def raise_for(outcome: Outcome, execution: Execution, phase: Phase, *, accepted: tuple[int, ...]) -> None:
    """Raise what went wrong, where Terraform ended otherwise than `accepted`.

    Raises:
        RunCanceled: it was stopped.
        TerraformFailed: it failed; the first of its own errors is quoted.
    """
    if outcome.exit_code not in accepted:
        raise failure(execution.run, outcome, phase, execution.first_error(), execution.executable.product)


def failure(run: Run, outcome: Outcome, phase: Phase, reason: str, product: str) -> TfmfaError:
    """What went wrong, for a person.

    Args:
        run: whose Terraform it was.
        outcome: of Terraform.
        phase: what it did.
        reason: Terraform's own first error; may be empty.
        product: "terraform" or "tofu".
    """
    if outcome.interrupted or outcome.killed:
        changed = "What was finished is in the state." if phase is Phase.APPLY else "Nothing was changed."
        if outcome.killed:
            changed = "It was stopped by force: compare the state with AWS before the next run."
        return RunCanceled(f"The {phase} was canceled.", changed)
    code = "without an exit code" if outcome.exit_code is None else f"with exit code {outcome.exit_code}"
    remedy = "The log above has Terraform's whole message."
    if outcome.exit_code is None:
        remedy = "How it ended is not known. Compare the state with AWS: plan, and look at what it says."
    elif "plan is stale" in reason:
        remedy = "The state has changed since the plan. Plan again, and look at what it says now."
    elif "acquiring the state lock" in reason:
        remedy = (
            "The log above says who holds it. Wait for them; if that run is dead: "
            f"%tfruns {run._environment.option} unlock"
        )
    return TerraformFailed(f"{product} {phase} ended {code}{': ' + reason if reason else ''}.", remedy)
