"""`%tfruns request` and `%tfruns approve`.

They ask other persons for approvals (see `others_approvals`), or answer a run of another kernel that waits, on a card
of its own or in this terminal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.magics.front_end import front_end_of
from tfmfa_nb.magics.interruption import interrupted_while_shown
from tfmfa_nb.magics.others_approvals import approve_pasted, is_pasted, request
from tfmfa_nb.model.errors import RunCanceled
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.visible import say
from tfmfa_nb.prompts.choice import choose_allowed_prompt
from tfmfa_nb.runs.events import Noted
from tfmfa_nb.runs.history.approve import Approver
from tfmfa_nb.runs.history.listing import find_run
from tfmfa_nb.runs.history.restore import run_of
from tfmfa_nb.runs.history.waiting_runs import Conversation
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.magics.cell_gate import Settings
    from tfmfa_nb.runs.history.listing import ListedRun


async def approve(
    arguments: Namespace,
    environment: Environment,
    shell: InteractiveShell,
    magics: Any,
    candidates: Callable[[ListedRun], bool],
) -> None:
    """Perform `request` or `approve`, whatever the line has.

    Args:
        arguments: the parsed line.
        environment: the environment.
        shell: shell of the cell.
        magics: settings of prompts.
        candidates: tells the runs among which the line's is looked for.

    Raises:
        UsageError, TfmfaError: see `approve_pasted`, `request`, and `approve_here`.
    """
    if arguments.what == "approve" and is_pasted(arguments):
        await approve_pasted(arguments, environment, magics)
        return
    run_id = find_run(environment, str(arguments.run), candidates, arguments.workspace or "")
    if arguments.what == "request":
        await request(environment, run_id, magics)
    else:
        await approve_here(environment, run_id, shell, magics)


async def approve_here(environment: Environment, run_id: str, shell: InteractiveShell, settings: Settings) -> None:
    """Show what a run of another kernel asks, and give it this notebook's answer.

    Raises:
        RunStateError: the run does not wait, or was answered meanwhile.
        RunCanceled: the person gave no answer; the run waits on.
        TfmfaError: as the prompt does.
    """
    policy = settings.read_policy()
    with Conversation(environment, run_id) as conversation:
        run = run_of(environment, conversation.record, Path.cwd(), policy)
        run.driver.restore_changes()
        if agent := conversation.record.requested_by:
            run.driver.tell(Noted([f"Requested by {agent}."]))
        if conversation.question.kind == "code":
            run.driver.show_indicator(LockIndicator.REQUIRED, "The run waits for an MFA code")
        front_end = front_end_of(run, shell)
        prompt = choose_allowed_prompt(
            settings.prompt, settings.token_command, front_end.prompt, policy, attended=front_end.attended
        )
        approver = Approver(prompt, "another notebook", _say)

        async def work() -> None:
            _say(await approver.approve(environment, conversation))

        try:
            interrupted = await interrupted_while_shown(front_end.view, shell, work)
        except RunCanceled:
            interrupted = True
        if interrupted:
            raise RunCanceled(f"{run_id} was not answered.", "It is still waiting.")


def _say(line: str) -> None:
    say(one_line(line))
