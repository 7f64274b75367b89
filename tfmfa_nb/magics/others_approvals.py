"""Approvals by other persons, on both sides: asks for them, gives them, and takes them."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from tfmfa_nb.model.visible import say
from tfmfa_nb.prompts.choice import choose_allowed_prompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.protocol.approvals import ApprovalRequest, kind_of, read_text
from tfmfa_nb.runs.approvals.accepting import accept_answer
from tfmfa_nb.runs.approvals.answering import answer_request, decision_of_options
from tfmfa_nb.runs.approvals.needed import report_needed
from tfmfa_nb.runs.approvals.requesting import request_approval
from tfmfa_nb.runs.gate.real_aws import RealAws
from tfmfa_nb.runs.history.listing import find_run
from tfmfa_nb.views.approval_text import answered, request_lines

if TYPE_CHECKING:
    from argparse import Namespace

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy


async def request(environment: Environment, run_id: str, magics: Any) -> None:
    """Print the text with which to ask for an approval.

    Raises:
        TfmfaError: as `request_approval` does.
    """
    policy = magics.read_policy()
    text = await request_approval(
        environment, run_id, policy=policy, environ=os.environ, profile=magics.profile, aws=RealAws(), now=time.time()
    )
    _report(run_id, magics, policy)
    file = environment.files.run(run_id).approval_request
    say(f"Send this line to those who may approve (it is in {file} too):\n\n{text}\n")
    say("They run: jupyter tfmfa approve TEXT")
    say(f"What they hand back: %tfruns {environment.option} approve {run_id} TEXT")


def is_pasted(arguments: Namespace) -> bool:
    """Whether the line has a request, or the answer to one, rather than only a run that waits."""
    return bool(arguments.earlier) or kind_of(_text(arguments.run or "")) != ""


async def approve_pasted(arguments: Namespace, environment: Environment, magics: Any) -> None:
    """Answer a pasted request, or take the pasted answer to a request of one's own.

    Raises:
        UsageError: the line has neither.
        TfmfaError: as `answer_request` and `accept_answer` do.
    """
    first, second, policy = _text(arguments.run or ""), _text(arguments.earlier or ""), magics.read_policy()
    if kind_of(first) == "request" and not second:
        for line in request_lines(read_text(first, ApprovalRequest)):
            say(line)
        prompt = choose_allowed_prompt(magics.prompt, magics.token_command, TerminalPrompt(), policy)
        decision, reason = decision_of_options(arguments.reject, withdraw=arguments.withdraw)
        answer = await answer_request(
            first, decision, reason, policy=policy, prompt=prompt, environ=os.environ, profile=magics.profile,
            aws=RealAws(), now=time.time(),
        )  # fmt: skip
        say(f"Hand this line back:\n\n{answer}")
    elif first and kind_of(second) == "answer":
        run_id = find_run(environment, first)
        given = await accept_answer(
            environment, run_id, second, policy=policy, environ=os.environ, profile=magics.profile, now=time.time()
        )
        _report(run_id, magics, policy)
        say(answered(given))
    else:
        raise UsageError(
            "%tfruns approve takes a request, or a run and the answer to its request: each as text, or as a file"
        )


def _text(word: str) -> str:
    """What a word of the line stands for: the request or the answer in the file that it names, or itself."""
    with suppress(OSError, ValueError):
        if not kind_of(word) and kind_of(text := Path(word).read_text(encoding="utf-8")):
            return text.strip()
    return word


def _report(run_id: str, magics: Any, policy: Policy) -> None:
    """Count the approvals anew on the card of the run, if this kernel has it."""
    if (run := magics.known_run(run_id)) is not None:
        report_needed(run.driver, policy, os.environ)
