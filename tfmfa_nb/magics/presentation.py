"""Runs what a cell asks for while the cell's front end shows it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tfmfa_nb.magics.background import until_it_waits
from tfmfa_nb.magics.cell_gate import gate_of
from tfmfa_nb.magics.cell_value import show_as_value
from tfmfa_nb.magics.forms.show import show_variables_form
from tfmfa_nb.magics.front_end import UnseenView, front_end_of, front_end_of_host
from tfmfa_nb.magics.interruption import interrupted_while_shown
from tfmfa_nb.magics.run_phases import check_appliable, check_may_change, perform
from tfmfa_nb.model.errors import RunCanceled
from tfmfa_nb.model.visible import say
from tfmfa_nb.notifications.notifier import notifying
from tfmfa_nb.runs.engine.phase import before_phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.magics.cell_gate import Settings
    from tfmfa_nb.magics.front_end import FrontEnd
    from tfmfa_nb.runs.run import Run


def show_run_as_value(run: Run, shell: InteractiveShell) -> None:
    """Show `run` by its summary as the value of a cell, except in this one."""

    def bundle() -> Mapping[str, str]:
        from tfmfa_nb.views.summary import summary_bundle  # noqa: PLC0415 - until needed

        return summary_bundle(run)

    show_as_value(run, shell, bundle)


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
        RunStateError: there is no plan to apply; nothing is shown.
        TfmfaError: what stopped the run; an interrupt is a RunCanceled like any other, of one line.
    """
    if tuple(phases) == ("apply",):
        check_appliable(run)
    front_end = front_end_of(
        run,
        shell,
        lambda: show_variables_form(os.environ, settings.profile),
        wait=wait,
        form=settings.prompt == "form",
    )

    async def work() -> None:
        with before_phase(run.driver):
            gate = gate_of(front_end, settings)
        with notifying(run, gate.policy, settings.notify, settings.notify_key):
            await perform(run, phases, gate, confirm=confirm)
        if not front_end.attended:
            # Nobody waits here, and whoever executes the notebook drops what comes after the cell's end.
            await run.wait_for_changes()

    async def show() -> None:
        if await interrupted_while_shown(front_end.view, shell, work):
            raise RunCanceled(run.error, run.error_remedy) if run.error else _interrupted_after(run)
        if "apply" in phases and run.status == "planned":
            check_may_change(run.environment)

    await (until_it_waits(run, show(), say) if wait and _answers_elsewhere(front_end, settings) else show())


async def present_in_host(
    run: Run, phases: Sequence[str], settings: Settings, *, show: bool | None, wait: bool = False
) -> None:
    """Run `phases` of `run` in a program that is not IPython, which cancels the coroutine if it is interrupted.

    Args:
        run: the run.
        phases: "plan", "apply".
        settings: settings of prompts and sessions.
        show: whether to print the run; None for whether a terminal would show it.
        wait: where nobody can answer, let the run wait for an answer from elsewhere, and return as soon as it does.

    Raises:
        PlanOnly: the notebook's runner was told to apply nothing.
        TfmfaError: what stopped the run.
    """
    if "apply" in phases:
        check_appliable(run)
    front_end = front_end_of_host(run, show=show, wait=wait)

    async def work() -> None:
        front_end.view.begin()
        try:
            with before_phase(run.driver):
                gate = gate_of(front_end, settings)
            with notifying(run, gate.policy, settings.notify, settings.notify_key):
                await perform(run, phases, gate)
        finally:
            front_end.view.end()
        await run.wait_for_changes()  # `run.plan` would block the caller's event loop

    if wait and _answers_elsewhere(front_end, settings):
        await until_it_waits(run, work(), (lambda _: None) if isinstance(front_end.view, UnseenView) else say)
    else:
        await work()


def _answers_elsewhere(front_end: FrontEnd, settings: Settings) -> bool:
    """Whether a question is not answered by whoever has made the call, who would wait in vain."""
    return not front_end.attended or settings.prompt == "elsewhere"


def _interrupted_after(run: Run) -> RunCanceled:
    """The error where the cell was interrupted after the phase had ended, while Terraform showed the saved plan."""
    pending = run.status == "planned"
    return RunCanceled(
        f"The cell was interrupted after the {run.phase} had ended: the run is {run.status}.",
        "The plan is still pending: apply it with %tfapply." if pending else "",
    )
