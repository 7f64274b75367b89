"""`jupyter tfmfa approve`: answers, in a terminal, a run that waits in a notebook on the same machine."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.environments import Environment
from tfmfa_nb.environments.folder_search import environments_in
from tfmfa_nb.model.errors import RunCanceled, RunStateError
from tfmfa_nb.model.visible import say
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.organization.policy_places import policy_environ
from tfmfa_nb.prompts.choice import choose_allowed_prompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.runs.history.approve import Approver, leave
from tfmfa_nb.runs.history.listing import matching
from tfmfa_nb.runs.history.waiting_runs import Conversation, waiting_among
from tfmfa_nb.runs.run_ids import run_ids
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    import argparse

_WHERE = "a terminal"


def answer_waiting(options: argparse.Namespace) -> int:
    """Answer the run that waits, or leave it as `--cancel` and `--discard` say; returns the exit code.

    Raises:
        RunStateError: no such run waits, or several match.
        RunCanceled: the person gave no answer; the run waits on.
        TfmfaError: as the prompt does.
    """
    environment, run_id = _find(options.first, options.chdir)
    policy = read_policy(policy_environ(os.environ))
    prompt = choose_allowed_prompt("auto", options.token_command, TerminalPrompt(), policy)
    approver = Approver(prompt, _WHERE, _say)

    async def work() -> str:
        with Conversation(environment, run_id) as conversation:
            if options.cancel or options.discard:
                approver.show(environment, conversation)
                return await leave(conversation, "cancel" if options.cancel else "discard", _WHERE)
            try:
                return await approver.approve(environment, conversation)
            except RunCanceled:
                pass
            raise RunCanceled(f"{run_id} was not answered.", "It is still waiting.")

    _say(asyncio.run(work()))
    return 0


def _find(reference: str, chdir: str | None) -> tuple[Environment, str]:
    """The waiting run that `reference` means, and its environment.

    Raises:
        RunStateError: no waiting run matches, or several do.
    """
    base = Path.cwd()
    environments = [Environment.at(chdir, base)] if chdir is not None else environments_in(base)
    meant = [
        (environment, run_id)
        for environment in environments
        for ids in [run_ids(environment)]
        for run_id in (ids if reference == "latest" else matching(ids, reference))
    ]
    waiting = waiting_among(meant)
    found = [(environment, run_id) for environment, run_id in meant if (environment.folder, run_id) in waiting]
    if not found:
        raise RunStateError(
            f"No run {reference!r} is waiting in {environments[0].folder if chdir else base}.",
            "Run the command in the notebook's folder, or name the environment's folder with --chdir.",
        )
    if reference == "latest":
        return max(found, key=lambda pair: pair[1])
    if len(found) > 1:
        names = ", ".join(run_id for _, run_id in found)
        raise RunStateError(f"{reference!r} matches several waiting runs: {names}.", "Use the whole ID.")
    return found[0]


def _say(line: str) -> None:
    say(one_line(line))
