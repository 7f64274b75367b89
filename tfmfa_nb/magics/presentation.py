"""Runs what a cell asks for while the cell's front end shows it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from tfmfa_nb.magics.background import until_it_waits
from tfmfa_nb.magics.forms.show import show_variables_form
from tfmfa_nb.magics.front_end import front_end_of, front_end_of_host
from tfmfa_nb.model.errors import PlanOnly, RunCanceled
from tfmfa_nb.prompts.choice import choose_prompt
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.other_command import run_command
from tfmfa_nb.runs.engine.phase import before_phase
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.magics.front_end import FrontEnd
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.views.view import View


_UNATTENDED = 3_600.0  # seconds that a run waits for a code where nobody has sent its cell
_PACE = 0.2  # seconds between two events of the loop; a person takes longer to notice


class Settings(Protocol):
    """What `%config TfmfaMagics` says about prompts and sessions."""

    prompt: str
    token_command: str
    profile: str
    session_duration: int
    prompt_timeout: float

    def read_policy(self) -> Policy:
        """The organization policy."""
        ...


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


async def interrupted_while_shown(view: View, shell: InteractiveShell, work: Callable[[], Awaitable[None]]) -> bool:
    """Do `work` while `view` shows its run.

    Returns:
        Whether it was interrupted. The caller raises what that means: an error of one line, without the frames and the
        context of the other one.
    """
    with _interrupts(shell):
        view.begin()
        try:
            await work()
        except asyncio.CancelledError:
            return True
        finally:
            view.end()
    return False


def gate_of(front_end: FrontEnd, settings: Settings) -> Gate:
    """The gate of a run that `front_end` shows.

    Raises:
        ConfigurationError: the policy cannot be understood.
    """
    policy = settings.read_policy()
    return Gate(
        choose_prompt(
            settings.prompt,
            settings.token_command,
            front_end.prompt,
            attended=front_end.attended,
            allows=policy.allows_prompt,
            files=", ".join(map(str, policy.files_setting("prompts"))),
            beside=front_end.beside,
        ),
        os.environ,
        settings.profile,
        settings.session_duration,
        settings.prompt_timeout or (None if front_end.attended else _UNATTENDED),
        policy,
        settings.read_policy,
    )


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


async def _stay_awake() -> None:
    while True:  # noqa: ASYNC110 - it waits for nothing; its timer is what wakes the loop
        await asyncio.sleep(_PACE)


@contextmanager
def _interrupts(shell: InteractiveShell) -> Iterator[None]:
    """Let an interrupt cancel the coroutine at once. In a kernel, ipykernel cancels it."""
    task = asyncio.current_task()
    if getattr(shell, "kernel", None) is not None or task is None or not sys.stdin:
        # The kernel's handler does not wake an idle loop, which would hear of the interrupt only at its next event.
        awake = asyncio.ensure_future(_stay_awake())
        try:
            yield
        finally:
            awake.cancel()
        return
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread
        loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        yield
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)
