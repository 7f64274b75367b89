"""Runs what a cell asks for while the cell's front end shows it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tfmfa_nb.magics.background import until_it_waits
from tfmfa_nb.magics.cell_gate import gate_of
from tfmfa_nb.magics.forms.show import show_variables_form
from tfmfa_nb.magics.front_end import front_end_of, front_end_of_host
from tfmfa_nb.magics.interruption import interrupted_while_shown
from tfmfa_nb.model.errors import PlanOnly, RunCanceled
from tfmfa_nb.notifications.notifier import notifying
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.other_command import run_command
from tfmfa_nb.runs.engine.phase import before_phase
from tfmfa_nb.runs.engine.plan import plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.magics.cell_gate import Settings
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.runs.run import Run


def show_as_value(run: Run, shell: InteractiveShell) -> None:
    """Show `run` as the value of a cell, except in this one, where its view leaves all of it."""
    here = shell.execution_count

    def bundle() -> Mapping[str, str]:
        from tfmfa_nb.views.summary import summary_bundle  # noqa: PLC0415 - until needed

        return {} if shell.execution_count == here else summary_bundle(run)

    run.bundle = bundle


async def present(
    run: Run, phases: Sequence[str], shell: InteractiveShell, settings: Settings, *, confirm: bool, wait: bool = False
) -> None:
    """Run `phases` ("plan", "apply", "command") of `run` where the person sees it, and leave the static summary behind.

    Args:
        run: the run.
        phases: what to do.
        shell: shell of the cell.
        settings: settings of prompts and sessions.
        confirm: ask for a confirmation before an apply that needs no code.
        wait: where nobody can answer, let the run wait for an answer from elsewhere.

    Raises:
        PlanOnly: the notebook's runner was told to apply nothing.
        TfmfaError: what stopped the run; an interrupt is a RunCanceled like any other, of one line.
    """
    front_end = front_end_of(run, shell, lambda: show_variables_form(os.environ, settings.profile), wait=wait)

    async def work() -> None:
        with before_phase(run.driver):
            gate = gate_of(front_end, settings)
        with notifying(run, gate.policy, settings.notify, settings.notify_key):
            await perform(run, phases, gate, confirm=confirm)
        if not front_end.attended:
            # Nobody waits here, and whoever executes the notebook drops what comes after the cell's end.
            await run.wait_for_changes()

    if _applies_nothing() and phases == ("apply",):
        raise _plan_only(run.environment)

    async def show() -> None:
        if await interrupted_while_shown(front_end.view, shell, work):
            raise RunCanceled(run.error, run.error_remedy) if run.error else _interrupted_after(run)
        if _applies_nothing() and "apply" in phases and run.status == "planned":
            raise _plan_only(run.environment)

    await (until_it_waits(run, show()) if wait and not front_end.attended else show())


async def present_in_host(run: Run, phases: Sequence[str], settings: Settings, *, show: bool | None) -> None:
    """Run `phases` of `run` in a program that is not IPython, which cancels the coroutine if it is interrupted.

    Args:
        run: the run.
        phases: "plan", "apply".
        settings: settings of prompts and sessions.
        show: whether to print the run; None for whether a terminal would show it.

    Raises:
        PlanOnly: the notebook's runner was told to apply nothing.
        TfmfaError: what stopped the run.
    """
    if _applies_nothing() and "apply" in phases:
        raise _plan_only(run.environment)
    front_end = front_end_of_host(run, show=show)
    front_end.view.begin()
    try:
        with before_phase(run.driver):
            gate = gate_of(front_end, settings)
        with notifying(run, gate.policy, settings.notify, settings.notify_key):
            await perform(run, phases, gate)
    finally:
        front_end.view.end()


async def perform(run: Run, phases: Sequence[str], gate: Gate, *, confirm: bool = False) -> None:
    """The phases of a run, one after the other, as far as there is something to apply."""
    for phase in phases:
        if phase == "command":
            await run_command(run.driver, gate)
        elif phase == "plan":
            await plan(run.driver, gate)
        elif _applies_nothing():
            break
        elif run.status == "planned" or phases == ("apply",):
            await apply(run.driver, gate, confirm=confirm)


def check_may_change(environment: str) -> None:
    """Make sure that a command that changes something may run.

    Raises:
        PlanOnly: the notebook's runner was told to apply nothing.
    """
    if _applies_nothing():
        raise _plan_only(environment)


def _applies_nothing() -> bool:
    """Whether the notebook's runner was told to apply nothing."""
    runner = current_runner()
    return runner is not None and runner.plan_only


def _interrupted_after(run: Run) -> RunCanceled:
    """The error where the cell was interrupted after the phase had ended, while Terraform showed the saved plan."""
    pending = run.status == "planned"
    return RunCanceled(
        f"The cell was interrupted after the {run.phase} had ended: the run is {run.status}.",
        "The plan is still pending: apply it with %tfapply." if pending else "",
    )


def _plan_only(environment: str) -> PlanOnly:
    return PlanOnly(
        f'Nothing is applied to "{environment}": the runbook runs with --plan-only.', "Run it without --plan-only."
    )
