"""The phases of a run, as far as the notebook's runner lets them happen: with `--plan-only`, it applies nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PlanOnly
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.runs.engine.apply import apply, check_pending
from tfmfa_nb.runs.engine.other_command import run_command
from tfmfa_nb.runs.engine.plan import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.runs.run import Run


async def perform(run: Run, phases: Sequence[str], gate: Gate, *, confirm: bool = False) -> None:
    """The phases of a run, one after the other, as far as there is something to apply."""
    for phase in phases:
        if phase == "command":
            await run_command(run.driver, gate)
        elif phase == "plan":
            if run.driver.options.changes_state:
                check_may_change(run.environment)
            await plan(run.driver, gate)
        elif applies_nothing():
            break
        elif run.status == "planned" or phases == ("apply",):
            await apply(run.driver, gate, confirm=confirm)


def check_appliable(run: Run) -> None:
    """Make sure that the plan of a run may be applied, before anything is shown.

    Raises:
        PlanOnly: the notebook's runner was told to apply nothing.
        RunStateError, PolicyCheckFailed: as `check_pending` does.
    """
    check_may_change(run.environment)
    check_pending(run.driver)


def check_may_change(environment: str) -> None:
    """Make sure that a command that changes something may run.

    Raises:
        PlanOnly: the notebook's runner was told to apply nothing.
    """
    if applies_nothing():
        raise PlanOnly(
            f'Nothing is applied to "{environment}": the runbook runs with --plan-only.', "Run it without --plan-only."
        )


def applies_nothing() -> bool:
    """Whether the notebook's runner was told to apply nothing."""
    runner = current_runner()
    return runner is not None and runner.plan_only
