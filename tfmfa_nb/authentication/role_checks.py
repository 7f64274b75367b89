"""Checks, before Terraform starts, that every role of the configuration can be assumed with the session."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_client import call, credentials_of, sts_client
from tfmfa_nb.authentication.refusal import Refusal, Refused
from tfmfa_nb.authentication.refusal_evidence import Attempt, IamReader, context_of
from tfmfa_nb.authentication.refusal_explanation import explained
from tfmfa_nb.authentication.session_durations import SHORTEST_SECONDS, chained_duration_refusal
from tfmfa_nb.authentication.trust_policy_evaluation import Caller, account_of
from tfmfa_nb.model.roles import HopState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import RoleChain, RoleHop

_SESSION_NAME = "tfmfa-check"


@dataclass(frozen=True, slots=True)
class RoleCheck:
    """What came out for one role: `hop_index` of the chain `chain_index`."""

    chain_index: int
    hop_index: int
    state: HopState
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks for a role: the MFA session, or the role before it in the chain."""

    client: Any
    looker: IamReader
    caller: Caller

    @classmethod
    def of(cls, credentials: tuple[Secret, Secret, Secret], caller: Caller, endpoint: Endpoint) -> _Asker:
        """By its credentials."""
        return cls(sts_client(*credentials, endpoint), IamReader(credentials, endpoint), caller)


async def check_roles(
    session: MfaSession,
    chains: Sequence[RoleChain],
    *,
    on_change: Callable[[int, int, HopState, str], None] | None = None,
) -> list[RoleCheck]:
    """Assume every role as the provider will: chains side by side, their hops in order.

    Args:
        session: the MFA session.
        chains: as found in the configuration. A role that is not known, or whose external id is not, ends its
            chain unchecked.
        on_change: told (chain, hop, state, sentence) whenever a role's state changes.

    Returns:
        A check for every hop; those behind a refused or unknown one are unchecked. A refusal says why, as far as
        that can be found out with the credentials that were refused, and what would mend it.
    """
    if not any(chain.hops for chain in chains):
        return []
    held = (session.access_key_id, session.secret_access_key, session.session_token)
    first = _Asker.of(held, Caller(session.identity.arn, session.identity.arn), session.endpoint)

    async def walk(index: int, chain: RoleChain) -> list[RoleCheck]:
        asker, checks = first, []

        def tell(hop: int, state: HopState, refusal: Refusal | None = None) -> None:
            if state is not HopState.CHECKING:
                checks.append(RoleCheck(index, hop, state, refusal))
            if on_change:
                on_change(index, hop, state, (refusal.why or refusal.problem) if refusal else "")

        for number, hop in enumerate(chain.hops):
            if not hop.can_be_tried:
                break
            tell(number, HopState.CHECKING)
            given = chained_duration_refusal(hop, number) or await _assume(asker, hop, session, chained=number > 0)
            if isinstance(given, Refusal):
                tell(number, HopState.REFUSED, given)
                break
            tell(number, HopState.ASSUMED)
            if number + 1 < len(chain.hops):
                asker = _Asker.of(given, _role_caller(hop), session.endpoint)
        checks += [RoleCheck(index, hop, HopState.UNCHECKED) for hop in range(len(checks), len(chain.hops))]
        return checks

    walks = await asyncio.gather(*(walk(index, chain) for index, chain in enumerate(chains)))
    return [check for checks in walks for check in checks]


async def _assume(
    asker: _Asker, hop: RoleHop, session: MfaSession, *, chained: bool
) -> tuple[Secret, Secret, Secret] | Refusal:
    """The role's credentials, or why there are none."""
    parameters = _parameters(hop)
    try:
        key, secret, token, _ = await call(
            lambda: credentials_of(asker.client.assume_role(**parameters)), role_arn=hop.role_arn
        )
    except Refused as error:
        refusal = error.refusal
    else:
        return key, secret, token
    # Out here, where the error is gone: an explanation takes a while, and may be interrupted.
    attempt = Attempt(asker.caller, hop, context_of(session, hop, chained=chained), chained, session.duration_seconds)
    return await explained(refusal, attempt, asker.looker)


def _parameters(hop: RoleHop) -> dict[str, Any]:
    """AssumeRole's parameters, as the provider gives them."""
    given = {
        "RoleArn": hop.role_arn,
        "RoleSessionName": hop.session_name or _SESSION_NAME,
        "DurationSeconds": hop.duration_seconds or SHORTEST_SECONDS,
        "ExternalId": hop.external_id,
        "Policy": hop.policy,
        "PolicyArns": [{"arn": arn} for arn in hop.policy_arns],
        "Tags": [{"Key": key, "Value": value} for key, value in hop.tags],
        "TransitiveTagKeys": list(hop.transitive_tag_keys),
        "SourceIdentity": hop.source_identity,
    }
    return {name: value for name, value in given.items() if value}


def _role_caller(hop: RoleHop) -> Caller:
    """Who asks for the next role of the chain: the session of this one."""
    arn, partition = hop.role_arn or "", (hop.role_arn or "").split(":")[1]
    name = arn.rpartition("/")[2]
    session = hop.session_name or _SESSION_NAME
    return Caller(f"arn:{partition}:sts::{account_of(arn)}:assumed-role/{name}/{session}", arn)
