"""How long roles' sessions may last, as far as that is known before AWS is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.refusal import Cause, Refusal, RefusalKind
from tfmfa_nb.model.problems import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.model.roles import RoleChain, RoleHop

CHAINED_SECONDS = 3600  # the longest session of a role that is assumed from a role, whatever it allows
SHORTEST_SECONDS = 900  # AssumeRole's minimum, and the provider's default


def chained_duration_refusal(hop: RoleHop, number: int) -> Refusal | None:
    """Why the role at place `number` of its chain will be refused for its duration; None where that is not known."""
    if number == 0 or (hop.duration_seconds or 0) <= CHAINED_SECONDS or not hop.role_arn:
        return None
    why = (
        f"a session of {format_duration(hop.duration_seconds or 0)} is too long for a role that is assumed from "
        "another role: AWS allows one hour, whatever the role's own maximum is"
    )
    return Refusal(
        RefusalKind.ROLE,
        f"{hop.role_arn} cannot be assumed: {why}.",
        "Lower `duration` in the assume_role block.",
        why=why,
        cause=Cause.DURATION,
        documents=(assume_role_block(hop.role_arn, CHAINED_SECONDS),),
    )


def session_length_warning(chains: Sequence[RoleChain], session_seconds: int) -> str:
    """A sentence where the MFA session ends before a role's session could be renewed from it; else "".

    Terraform's provider asks for its roles anew when their sessions end, and needs the MFA session for that.
    """
    hops = [(hop.duration_seconds or SHORTEST_SECONDS, chain) for chain in chains for hop in chain.hops]
    longest, chain = max(hops, key=lambda one: one[0], default=(0, None))
    if chain is None or longest <= session_seconds:
        return ""
    return (
        f"The MFA session lasts {format_duration(session_seconds)}, and the longest role session of {chain.provider} "
        f"({chain.place}) {format_duration(longest)}: the role cannot be renewed when it ends, so that an apply that "
        f"takes longer fails. Set session_duration to {longest} or more where it may."
    )


def format_duration(seconds: int) -> str:
    """1 h, 15 min, 1 h 30 min, 59 s."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if number]
    return " ".join(parts) or "0 s"


def assume_role_block(role_arn: str, seconds: int) -> Document:
    """The assume_role block with a duration that is allowed."""
    return Document(
        "The assume_role block", f'assume_role {{\n  role_arn = {json.dumps(role_arn)}\n  duration = "{seconds}s"\n}}'
    )
