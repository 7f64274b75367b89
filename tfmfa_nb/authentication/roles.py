"""Checks, before Terraform starts, that every role of the configuration can be assumed with the session."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.client import call, credentials_of, sts_client
from tfmfa_nb.authentication.diagnosis import Refusal, Refused
from tfmfa_nb.words import HopState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tfmfa_nb.authentication.session import MfaSession
    from tfmfa_nb.words import RoleChain, RoleHop

_SHORTEST = 900  # seconds: AssumeRole's minimum, and the provider's default
_SESSION_NAME = "tfmfa-check"


@dataclass(frozen=True, slots=True)
class RoleCheck:
    """What came out for one role: `hop_index` of the chain `chain_index`."""

    chain_index: int
    hop_index: int
    state: HopState
    refusal: Refusal | None = None


async def check_roles(
    session: MfaSession,
    chains: Sequence[RoleChain],
    *,
    on_change: Callable[[int, int, HopState, str], None] | None = None,
) -> list[RoleCheck]:
    """Assume every role as the provider will: chains side by side, their hops in order.

    Args:
        session: the MFA session.
        chains: as found in the configuration. A role that is not known ends its chain unchecked.
        on_change: told (chain, hop, state, sentence) whenever a role's state changes.

    Returns:
        A check for every hop; those behind a refused or unknown one are unchecked.
    """
    if not any(chain.hops for chain in chains):
        return []
    first = sts_client(session.access_key_id, session.secret_access_key, session.session_token, session.endpoint)

    async def walk(index: int, chain: RoleChain) -> list[RoleCheck]:
        client, checks = first, []

        def tell(hop: int, state: HopState, refusal: Refusal | None = None) -> None:
            if state is not HopState.CHECKING:
                checks.append(RoleCheck(index, hop, state, refusal))
            if on_change:
                on_change(index, hop, state, refusal.problem if refusal else "")

        for number, hop in enumerate(chain.hops):
            if hop.role_arn is None:
                break
            tell(number, HopState.CHECKING)
            parameters, assume = _parameters(hop), client.assume_role
            try:
                key, secret, token, _ = await call(
                    lambda: credentials_of(assume(**parameters)),  # noqa: B023 - awaited here
                    role_arn=hop.role_arn,
                )
            except Refused as error:
                tell(number, HopState.REFUSED, error.refusal)
                break
            tell(number, HopState.ASSUMED)
            if number + 1 < len(chain.hops):
                client = sts_client(key, secret, token, session.endpoint)
        checks += [RoleCheck(index, hop, HopState.UNCHECKED) for hop in range(len(checks), len(chain.hops))]
        return checks

    walks = await asyncio.gather(*(walk(index, chain) for index, chain in enumerate(chains)))
    return [check for checks in walks for check in checks]


def _parameters(hop: RoleHop) -> dict[str, Any]:
    """AssumeRole's parameters, as the provider gives them."""
    given = {
        "RoleArn": hop.role_arn,
        "RoleSessionName": hop.session_name or _SESSION_NAME,
        "DurationSeconds": hop.duration_seconds or _SHORTEST,
        "ExternalId": hop.external_id,
        "Policy": hop.policy,
        "PolicyArns": [{"arn": arn} for arn in hop.policy_arns],
        "Tags": [{"Key": key, "Value": value} for key, value in hop.tags],
        "TransitiveTagKeys": list(hop.transitive_tag_keys),
        "SourceIdentity": hop.source_identity,
    }
    return {name: value for name, value in given.items() if value}
