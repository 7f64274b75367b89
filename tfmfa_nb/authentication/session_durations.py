"""Limits on the duration of role sessions, as far as they are known before AWS is called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.refusal import Cause, Refusal, RefusalKind
from tfmfa_nb.model.problems import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.model.roles import RoleChain, RoleHop

# AWS's longest session of a role that is assumed with a session's credentials, whatever the role's own maximum. The
# MFA session is one, so this holds for the first role of a chain too.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
LONGEST_SECONDS = 3600
SHORTEST_SECONDS = 900  # AssumeRole's minimum, and the provider's default
APPLY_SECONDS = 3600  # an apply that outlives its session loses what it is making; many resources take half an hour


def duration_refusal(hop: RoleHop) -> Refusal | None:
    """The refusal of a role whose session AWS does not make as long, or as short, as configured; None for others."""
    seconds = hop.duration_seconds or SHORTEST_SECONDS  # 0 is no duration to the backend
    if SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS or not hop.role_arn:
        return None
    too_long = seconds > LONGEST_SECONDS
    allowed = LONGEST_SECONDS if too_long else SHORTEST_SECONDS
    reason = f"a session of {format_duration(seconds)} is too " + (
        "long: with MFA, AWS allows one hour, whatever the role's own maximum"
        if too_long
        else "short: AWS's minimum is 15 minutes"
    )
    return Refusal(
        RefusalKind.ROLE,
        f"{f'{hop.place}: ' if hop.place else ''}{hop.role_arn} cannot be assumed: {reason}.",
        f'Set duration = "{allowed}s" in the assume_role block; Terraform assumes the role again when its session '
        "ends.",
        reason=reason,
        cause=Cause.DURATION if too_long else Cause.ARGUMENT,
        documents=(_assume_role_block(hop.role_arn, allowed),),
    )


def session_length_warning(chains: Sequence[RoleChain], session_seconds: int) -> str:
    """A warning if the MFA session ends before a role's session can be renewed from it; otherwise "".

    Terraform's provider assumes its roles again when their sessions end, and needs the MFA session for that.
    """
    hops = [(hop.duration_seconds or SHORTEST_SECONDS, chain) for chain in chains for hop in chain.hops]
    longest, chain = max(hops, key=lambda pair: pair[0], default=(0, None))
    if chain is None or longest <= session_seconds:
        return ""
    return (
        f"The MFA session lasts {format_duration(session_seconds)}, but the longest role session of {chain.provider} "
        f"({chain.place}) lasts {format_duration(longest)}. The role cannot be renewed when its session ends, so an "
        f"apply that takes longer will fail. Set session_duration to {longest} or more, if the policy allows it."
    )


def format_duration(seconds: int) -> str:
    """The duration as text: 1 h, 15 min, 1 h 30 min, 59 s."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if number]
    return " ".join(parts) or "0 s"


def _assume_role_block(role_arn: str, seconds: int) -> Document:
    """The assume_role block with a duration that AWS allows."""
    return Document(
        "The assume_role block",
        f'assume_role {{\n  role_arn = {json.dumps(role_arn)}\n  duration = "{seconds}s"\n}}',
    )
