"""`jupyter tfmfa approve`: answers a run that waits, or a request for an approval, or takes the answer to one."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.visible import say

if TYPE_CHECKING:
    import argparse

    from tfmfa_nb.organization.policy import Policy

_DESCRIPTION = """\
Answer a run that waits for an MFA code or a confirmation in a notebook on this
machine: RUN is its ID, a unique part of it, or 'latest'. The run is looked for
in the environments of the current folder.

Or approve what somebody else asks for with '%tfruns request': TEXT is the line
that they sent, or the file with it. You see the plan, give the MFA code of your
own device, and hand back the line that is printed: a signature that AWS can
check, for this plan and nothing else. With RUN and such a line, take the answer
to a request of your own.

What is approved is shown first. A code is read without echo, or from the token
command; it is never an argument, and never in a file.
"""
_EPILOG = """\
exit codes:
  0  the run or the request is answered, or the answer counts
  1  the code or the answer is refused, or no such run waits
  2  the text is not whole, or a setting is wrong

examples:
  jupyter tfmfa approve latest
  jupyter tfmfa approve run-20260101-120000-abcdef --chdir live/network
  jupyter tfmfa approve request.txt --reject 'not on a Friday'
  jupyter tfmfa approve run-20260101-120000-abcdef answer.txt -e prod-eu
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe `approve` to its parser."""
    parser.usage, parser.description, parser.epilog = "%(prog)s [options] RUN | TEXT", _DESCRIPTION, _EPILOG
    add = parser.add_argument
    add("first", metavar="RUN|TEXT", help="run that waits; or a request, the file with it, or - for standard input")
    add("second", nargs="?", default="", metavar="ANSWER", help="answer to the run's request, or the file with it")
    add("--reject", metavar="REASON", help="reject the requested plan instead, and say why")
    add("--withdraw", action="store_true", help="withdraw what you approved before")
    add("-e", "--environment", default="default", metavar="NAME", help="environment of the run, for ANSWER")
    add("-C", "--chdir", metavar="DIR", help="folder of the run's environment")
    add("--profile", default="", metavar="NAME", help="AWS profile with the organization variables")
    add("--token-command", metavar="COMMAND", help="command that prints an MFA code (default: TFMFA_TOKEN_COMMAND)")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--cancel", action="store_true", help="cancel the waiting run instead")
    instead.add_argument("--discard", action="store_true", help="discard the waiting run's plan instead")
    parser.set_defaults(execute=_execute)


def _execute(options: argparse.Namespace) -> int:
    from tfmfa_nb.protocol.approvals import kind_of  # noqa: PLC0415 - until needed

    options.token_command = options.token_command or os.environ.get("TFMFA_TOKEN_COMMAND", "")
    first = options.first
    if options.second or first == "-" or kind_of(first) or Path(first).is_file():
        return asyncio.run(_approve(options))
    from tfmfa_nb.runbooks.waiting_answer import answer_waiting  # noqa: PLC0415

    return answer_waiting(options)


async def _approve(options: argparse.Namespace) -> int:
    from tfmfa_nb.organization.policy_files import read_policy  # noqa: PLC0415 - until needed
    from tfmfa_nb.organization.policy_places import policy_environ  # noqa: PLC0415
    from tfmfa_nb.prompts.choice import choose_allowed_prompt  # noqa: PLC0415
    from tfmfa_nb.prompts.terminal import TerminalPrompt  # noqa: PLC0415
    from tfmfa_nb.protocol.approvals import ApprovalRequest, read_text  # noqa: PLC0415
    from tfmfa_nb.runs.approvals.answering import answer_request, decision_of_options  # noqa: PLC0415
    from tfmfa_nb.runs.gate.real_aws import RealAws  # noqa: PLC0415
    from tfmfa_nb.views.approval_text import request_lines  # noqa: PLC0415

    policy = read_policy(policy_environ(os.environ))
    if options.second:
        return await _take(options, policy)
    text = _text(options.first)
    decision, reason = decision_of_options(options.reject, withdraw=options.withdraw)
    for line in request_lines(read_text(text, ApprovalRequest)):
        say(line, error=True)  # what is handed back stands alone on standard output
    prompt = choose_allowed_prompt("auto", options.token_command, TerminalPrompt(), policy)
    answer = await answer_request(
        text, decision, reason, policy=policy, prompt=prompt, environ=os.environ, profile=options.profile,
        aws=RealAws(), now=time.time(),
    )  # fmt: skip
    say("Hand this line back:", error=True)
    say(answer)
    return 0


async def _take(options: argparse.Namespace, policy: Policy) -> int:
    from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed
    from tfmfa_nb.runs.approvals.accepting import accept_answer  # noqa: PLC0415
    from tfmfa_nb.runs.history.listing import find_run  # noqa: PLC0415
    from tfmfa_nb.views.approval_text import answered  # noqa: PLC0415

    base = Path.cwd()
    named = options.chdir is None
    environment = Environment.named(options.environment, base) if named else Environment.at(options.chdir, base)
    given = await accept_answer(
        environment, find_run(environment, options.first), _text(options.second), policy=policy, environ=os.environ,
        profile=options.profile, now=time.time(),
    )  # fmt: skip
    say(answered(given))
    return 0


def _text(named: str) -> str:
    """The text itself, or that of the file or of the standard input.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    from tfmfa_nb.model.errors import ConfigurationError  # noqa: PLC0415
    from tfmfa_nb.protocol.approvals import kind_of  # noqa: PLC0415

    if kind_of(named):
        return named
    try:
        return sys.stdin.read() if named == "-" else Path(named).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"{named} cannot be read: {reason}.", "Name the file with the text.") from None
