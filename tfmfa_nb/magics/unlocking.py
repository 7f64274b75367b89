"""`%tfruns unlock`: shows the holder of each lock that a dead run left behind, and frees it after a confirmation."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tfmfa_nb.magics.cell_gate import gate_of
from tfmfa_nb.magics.front_end import front_end_of
from tfmfa_nb.magics.interruption import interrupted_while_shown
from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled
from tfmfa_nb.model.visible import say
from tfmfa_nb.prompts.runner import RunnerPrompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.runs.engine.unlock import unlock
from tfmfa_nb.runs.history.left_locks import (
    check_holder,
    check_identified,
    free_lock,
    left_lock,
    refused_run,
    refusing_lock,
)
from tfmfa_nb.views.sanitize import brief

if TYPE_CHECKING:
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.magics.cell_gate import Settings
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.state_lock import StateLock

_MOST = 200


async def present_unlocking(environment: Environment, shell: InteractiveShell, settings: Settings, base: Path) -> None:
    """Free the locks that a dead run left behind, each after a confirmation.

    Raises:
        EnvironmentLocked, RunStateError: the holder is, or may be, alive, or nobody knows who it is.
        RunCanceled: the person did not confirm.
        PromptUnavailable: nobody can confirm here.
        TfmfaError: the lock could not be freed.
    """
    name, freed = brief(environment.name, _MOST), False
    if environment.files.private.is_dir():
        left = await left_lock(environment)
        if left is not None:
            say(f'The environment "{name}" is locked by a run that has ended: {brief(str(left.holder), _MOST)}.')
            say(f"The lock is still held by {brief(', '.join(left.programs), _MOST)}, which Terraform left running.")
            await _confirm(f'Free the lock of "{name}"?')
            await free_lock(environment, left, settings.read_policy())
            say(f'The lock of "{name}" is free. The programs that held it are still running.')
            freed = True
        if refused := refusing_lock(environment):
            run_id, lock = refused
            if lock.id:
                check_holder(lock, environment, os.environ)
            run = refused_run(environment, run_id, base, settings.read_policy())
            check_identified(lock, environment, run.workspace, os.environ)
            say(f'The state of "{name}" is locked. The lock blocked {run_id}:')
            _describe(lock)
            await _confirm(f'Free the state lock of "{name}"?')
            await _unlock_state(run, environment, lock, shell, settings)
            say(f'The state of "{name}" is unlocked. The next plan shows what the dead run did not finish.')
            freed = True
    if not freed:
        say(
            f'"{name}" has no known locks: no process holds the environment\'s lock, and no state lock blocked its '
            "newest runs. If the state is locked, the next plan reports it."
        )


def _describe(lock: StateLock) -> None:
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(lock.created)) if lock.created else "unknown"
    who, operation = brief(lock.who, _MOST) or "unknown", brief(lock.operation, _MOST)
    say(f"  {brief(lock.path, _MOST)} by {who}, {operation}, since {since}, lock {lock.id}")
    if lock.here:
        say("  No Terraform process on this machine can be the holder.")
    else:
        say("  The holder is on another machine, where its Terraform may still be running. Ask its owner first.")


async def _unlock_state(
    run: Run, environment: Environment, lock: StateLock, shell: InteractiveShell, settings: Settings
) -> None:
    """Free the state lock while the front end shows the prompt and Terraform's output."""
    front_end = front_end_of(run, shell)

    def check() -> None:
        check_holder(lock, environment, os.environ)

    async def work() -> None:
        await unlock(run.driver, gate_of(front_end, settings), lock, check)

    if await interrupted_while_shown(front_end.view, shell, work):
        raise RunCanceled(run.error, run.error_remedy)


async def _confirm(question: str) -> None:
    """Ask for a confirmation.

    Raises:
        RunCanceled: the person did not confirm.
        PromptUnavailable: nobody can confirm here.
    """
    runner = current_runner()
    prompt: Prompt = RunnerPrompt(runner.marker) if runner else TerminalPrompt()
    try:
        confirmed = await prompt.confirm(question)
    except PromptUnavailable as error:
        raise PromptUnavailable(error.problem, "Run %tfruns unlock in an interactive session.") from None
    except RunCanceled:
        confirmed = False
    if not confirmed:
        raise RunCanceled("The lock was not freed.", "Nothing was changed.")
