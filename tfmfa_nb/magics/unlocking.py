"""`%tfruns unlock`: says who held a lock and since when, asks whether it is to be freed, and says what was done."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tfmfa_nb.magics.front_end import front_end_of
from tfmfa_nb.magics.presentation import gate_of, interrupted_while_shown
from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled
from tfmfa_nb.prompts.runner import RunnerPrompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.runs.engine.unlock import unlock
from tfmfa_nb.runs.history.left_locks import check_holder, free_lock, left_lock, refused_run, refusing_lock
from tfmfa_nb.views.sanitize import brief

if TYPE_CHECKING:
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.magics.presentation import Settings
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.state_lock import StateLock

_MOST = 200


async def present_unlocking(environment: Environment, shell: InteractiveShell, settings: Settings, base: Path) -> None:
    """Free what a dead run left of locks, each after a confirmation.

    Raises:
        EnvironmentLocked, RunStateError: the holder lives, or may.
        RunCanceled: it was not confirmed.
        PromptUnavailable: nobody can confirm it here.
        TfmfaError: it could not be freed.
    """
    name, freed = brief(environment.name, _MOST), False
    if environment.files.private.is_dir():
        left = await left_lock(environment)
        if left is not None:
            _say(f'The environment "{name}" is locked by a run that has ended: {brief(str(left.holder), _MOST)}.')
            _say(f"What keeps the lock is {brief(', '.join(left.programs), _MOST)}, which its Terraform left behind.")
            await _confirm(f'Free the lock of "{name}"?')
            await free_lock(environment, left)
            _say(f'The lock of "{name}" is free. What kept it goes on.')
            freed = True
        if refused := refusing_lock(environment):
            run_id, lock = refused
            check_holder(lock, environment, os.environ)
            run = refused_run(environment, run_id, base)
            _say(f'The state of "{name}" is locked, as {run_id} was told:')
            _describe(lock)
            await _confirm(f'Free the lock of the state of "{name}"?')
            await _unlock_state(run, environment, lock, shell, settings)
            _say(f'The state of "{name}" is unlocked. What the dead run left undone, the next plan shows.')
            freed = True
    if not freed:
        _say(
            f'Nothing of "{name}" is locked, as far as is known: no process holds the environment, and its newest runs '
            "were not refused by a lock of the state. A plan says it if they are."
        )


def _describe(lock: StateLock) -> None:
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(lock.created)) if lock.created else "unknown"
    who, operation = brief(lock.who, _MOST) or "unknown", brief(lock.operation, _MOST)
    _say(f"  {brief(lock.path, _MOST)} by {who}, {operation}, since {since}, lock {lock.id}")
    if lock.here:
        _say("  No Terraform is left on this machine that could have taken it.")
    else:
        _say("  That is another machine: whether its Terraform still runs cannot be seen from here. Ask first.")


async def _unlock_state(
    run: Run, environment: Environment, lock: StateLock, shell: InteractiveShell, settings: Settings
) -> None:
    """Where the person sees the code's prompt and what Terraform says."""
    front_end = front_end_of(run, shell)
    gate = gate_of(front_end, settings)

    def check() -> None:
        check_holder(lock, environment, os.environ)

    if await interrupted_while_shown(front_end.view, shell, lambda: unlock(run.driver, gate, lock, check)):
        raise RunCanceled(run.error, run.error_remedy)


async def _confirm(question: str) -> None:
    """Go on only if a person says yes.

    Raises:
        RunCanceled: they do not.
        PromptUnavailable: nobody can be asked.
    """
    runner = current_runner()
    prompt: Prompt = RunnerPrompt(runner.marker) if runner else TerminalPrompt()
    try:
        agreed = await prompt.confirm(question)
    except PromptUnavailable as error:
        raise PromptUnavailable(error.problem, "Run %tfruns unlock where somebody can type.") from None
    except RunCanceled:
        agreed = False
    if not agreed:
        raise RunCanceled("The lock was not freed.", "Nothing was changed.")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a magic speaks on the cell's standard output
