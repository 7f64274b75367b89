"""Where a run shows itself and asks: the card, the terminal, or a notebook that nobody sits at."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.model.errors import PlanOnly, RunCanceled
from tfmfa_nb.organization.files import read_policy
from tfmfa_nb.prompts.command import CommandPrompt
from tfmfa_nb.prompts.runner import RunnerPrompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.prompts.unattended import NobodyPrompt
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.run import Run

# From this version on a widget's events reach a cell that awaits.
_WIDGETS_ANSWER = (7, 4)


class Settings(Protocol):
    """What `%config TfmfaMagics` says about prompts and sessions."""

    prompt: str
    token_command: str
    profile: str
    session_duration: int
    prompt_timeout: float


async def present(
    run: Run, phases: Sequence[str], shell: InteractiveShell, settings: Settings, *, confirm: bool
) -> None:
    """Run `phases` ("plan", "apply") of `run` where the person sees it, and leave the static summary behind.

    Raises:
        PlanOnly: the notebook's runner was told to apply nothing.
        TfmfaError: what stopped the run; an interrupt is a RunCanceled like any other, of one line.
    """
    runner = current_runner()
    plan_only = runner is not None and runner.plan_only and "apply" in phases
    if plan_only and "plan" not in phases:
        raise _plan_only(run)
    view = view_of(run, shell)
    gate = gate_of(view, settings)

    async def work() -> None:
        for phase in phases:
            if phase == "plan":
                await plan(run.driver, gate)
            elif plan_only:
                break
            elif run.status == "planned" or phases == ("apply",):
                await apply(run.driver, gate, confirm=confirm)
        if not view.stdin:
            # Nobody waits here, and whoever executes the notebook drops what comes after the cell's end.
            await run.wait_for_changes()

    if await interrupted_while_seen(view, shell, work):
        raise RunCanceled(run.error, run.error_remedy)
    if plan_only and run.status == "planned":
        raise _plan_only(run)


async def interrupted_while_seen(view: Any, shell: InteractiveShell, work: Callable[[], Awaitable[None]]) -> bool:
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


def gate_of(view: Any, settings: Settings) -> Gate:
    """The gate of a run that `view` shows.

    Raises:
        ConfigurationError: the policy cannot be understood.
    """
    return Gate(
        prompt_of(view, settings),
        os.environ,
        settings.profile,
        settings.session_duration,
        settings.prompt_timeout or None,
        read_policy(os.environ),
    )


def _plan_only(run: Run) -> PlanOnly:
    return PlanOnly(f'Nothing is applied to "{run.environment}" here.', "Run it without --plan-only.")


def view_of(run: Run, shell: InteractiveShell) -> Any:
    """The view of `run` that fits who is there: the card, the terminal, or a notebook that nobody sits at."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        from tfmfa_nb.views.terminal import TerminalView  # noqa: PLC0415

        return TerminalView(run)
    runner = current_runner()
    if runner is not None or not somebody_there(kernel):
        from tfmfa_nb.views.headless import HeadlessView  # noqa: PLC0415

        # A runner answers on the kernel's standard input, but shows no card: it would be waited for in vain.
        return HeadlessView(run, RunnerPrompt(runner.marker) if runner else None)
    from tfmfa_nb.views.card_view import CardView  # noqa: PLC0415 - widgets are heavy

    return CardView(run, answers=widgets_answer())


def prompt_of(view: Any, settings: Settings) -> Prompt:
    """Who is asked: the command if one is set, else the view's own prompt."""
    wanted = settings.prompt
    if wanted == "command" or (wanted == "auto" and settings.token_command):
        if not settings.token_command:
            return NobodyPrompt("prompt is 'command', but no token_command is set")
        return CommandPrompt(settings.token_command)
    if wanted == "terminal" and view.stdin:
        return TerminalPrompt()
    prompt: Prompt = view.prompt()
    return prompt


def somebody_there(kernel: Any) -> bool:
    """Whether the front end that sent this cell lets a person type; nbclient and papermill do not."""
    parent = kernel.get_parent("shell")
    return bool(parent.get("content", {}).get("allow_stdin", False))


def widgets_answer() -> bool:
    """Whether this kernel delivers a widget's events to a cell that awaits."""
    from ipykernel import version_info  # type: ignore[attr-defined]  # noqa: PLC0415 - only inside a kernel

    return tuple(version_info[:2]) >= _WIDGETS_ANSWER


@contextmanager
def _interrupts(shell: InteractiveShell) -> Iterator[None]:
    """In a terminal, let Ctrl-C cancel the coroutine; a kernel does so by itself."""
    task = asyncio.current_task()
    if getattr(shell, "kernel", None) is not None or task is None or not sys.stdin:
        yield
        return
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread
        loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        yield
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)
