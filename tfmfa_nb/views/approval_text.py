"""What a person reads of an approval: the request before the code, and what became of the answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tfmfa_nb.views.sanitize import one_line, plain

if TYPE_CHECKING:
    from tfmfa_nb.protocol.approvals import ApprovalRequest
    from tfmfa_nb.protocol.needed_approvals import NeededApprovals
    from tfmfa_nb.runs.approvals.ledger import Answer

_MARK = "| "  # no line of the plan looks like one of this program
_DONE = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}


def request_lines(request: ApprovalRequest) -> list[str]:
    """A request with its plan, safe to print: strangers may have chosen what it says."""
    place = f'"{request.environment}"' + (f", workspace {request.workspace}" if request.workspace else "")
    proof = (
        f"the role {request.role}, which only MFA can give"
        if request.role
        else ("a session of your own; AWS does not say of it whether it has MFA")
    )
    left_out = [f"… and {request.left_out:,} more lines"] if request.left_out else []
    lines = [
        f"{request.requester} asks you to approve the {request.phase} of {request.run} to {place}.",
        f"Account: {request.account}",
        f"Changes: {request.decision}",
        f"Plan, SHA-256: {request.plan_sha256}",
        f"Your answer is signed with {proof}.",
        f"Expires: {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(request.expires_at))}",
        "",
        *(f"{_MARK}{line}" for line in request.plan),
        *left_out,
        "",
        "The plan is shown as the program of the person who asks has sent it.",
    ]  # fmt: skip
    return [one_line(line) for line in lines]


def needed_words(needed: NeededApprovals) -> str:
    """How many approvals a plan has of how many that it needs."""
    return f"{len(needed.given)} of {needed.required} {'approval' if needed.required == 1 else 'approvals'}"


def needed_text(needed: NeededApprovals) -> str:
    """Which approvals a plan has, and until when; who is awaited, and until when those can answer who were asked."""
    given = ", ".join(f"{each.person} until {_local(each.until)}" for each in needed.given)
    parts = [f"{needed_words(needed)}{given and f' ({given})'}", *(f"rejected by {each}" for each in needed.rejected)]
    if needed.awaited:
        parts.append(f"awaiting {needed.awaited} from {needed.approvers}")
        parts += [f"the request can be answered until {_local(needed.asked_until)}"] if needed.asked_until else []
    return one_line("; ".join(parts))


def _local(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def answered(answer: Answer) -> str:
    """The sentence about an answer that counts."""
    why = f": {answer.reason}" if answer.reason else ""
    return plain(f"AWS confirms that {answer.by} has {_DONE[answer.decision]} it{why}.")
