"""Checks, before Terraform starts, that the MFA session can assume every role of the configuration."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_client import call_aws, credentials_of, request_id_of, sts_client
from tfmfa_nb.authentication.patience import Patience, once
from tfmfa_nb.authentication.refusal import Refusal, Refused
from tfmfa_nb.authentication.refusal_evidence import IamReader, RefusedAttempt, context_of
from tfmfa_nb.authentication.refusal_explanation import investigate
from tfmfa_nb.authentication.session_durations import SHORTEST_SECONDS, duration_refusal
from tfmfa_nb.authentication.trust_policy_evaluation import Caller, account_of
from tfmfa_nb.model.roles import HopState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import RoleChain, RoleHop

_SESSION_NAME = "tfmfa-check"
# AWS answers 600 calls of STS a second for each account and Region
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), Terraform's own included.
_AT_ONCE, _PER_SECOND = 200, 400


@dataclass(frozen=True, slots=True)
class RoleCheck:
    """The check of one role: hop `hop_index` of the chain `chain_index`.

    Attributes:
        request_id: ID of the AssumeRole request, by which CloudTrail records it; "" if the role was not assumed.
    """

    chain_index: int
    hop_index: int
    state: HopState
    refusal: Refusal | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class _CallerClients:
    """The clients of the caller of AssumeRole: the MFA session, or the previous role of the chain."""

    sts: Any
    iam: IamReader
    caller: Caller

    @classmethod
    def of(cls, credentials: tuple[Secret, Secret, Secret], caller: Caller, endpoint: Endpoint) -> _CallerClients:
        """The clients that use `credentials`."""
        return cls(sts_client(*credentials, endpoint), IamReader(credentials, endpoint), caller)


async def check_roles(
    session: MfaSession,
    chains: Sequence[RoleChain],
    *,
    on_change: Callable[[int, int, HopState, str], None] | None = None,
    patience: Patience = once,
) -> list[RoleCheck]:
    """Assume every role as the provider will: chains in parallel, the hops of each chain in order.

    The first 200 chains begin at once, and the others as fast as AWS answers without throttling.

    Args:
        session: the MFA session.
        chains: role chains found in the configuration. A role whose ARN or external ID is unknown ends the check of
            its chain.
        on_change: called with (chain, hop, state, reason) whenever a role's state changes.
        patience: for each role, where AWS gives no answer, which is no refusal.

    Returns:
        A check for every hop; hops behind a refused or unknown one are unchecked, and so is one without an answer. A
        refusal gives the cause, as far as the refused credentials can find it, and the remedy.
    """
    if not any(chain.hops for chain in chains):
        return []
    first = _CallerClients.of(
        (session.access_key_id, session.secret_access_key, session.session_token),
        Caller(session.identity.arn, session.identity.arn),
        session.endpoint,
    )

    async def check_chain(index: int, chain: RoleChain) -> list[RoleCheck]:
        clients, checks = first, []
        await asyncio.sleep(max(0, index - _AT_ONCE) / _PER_SECOND)

        def report(hop: int, state: HopState, refusal: Refusal | None = None, request_id: str = "") -> None:
            if state is not HopState.CHECKING:
                checks.append(RoleCheck(index, hop, state, refusal, request_id))
            if on_change:
                on_change(index, hop, state, (refusal.reason or refusal.problem) if refusal else "")

        for number, hop in enumerate(chain.hops):
            if not hop.can_be_tried:
                break
            report(number, HopState.CHECKING)
            outcome = duration_refusal(hop) or await _assume(clients, hop, session, patience, chained=number > 0)
            if isinstance(outcome, Refusal):
                report(number, HopState.UNCHECKED if outcome.transient else HopState.REFUSED, outcome)
                break
            credentials, request_id = outcome
            report(number, HopState.ASSUMED, request_id=request_id)
            if number + 1 < len(chain.hops):
                clients = _CallerClients.of(credentials, _role_caller(hop), session.endpoint)
        checks += [RoleCheck(index, hop, HopState.UNCHECKED) for hop in range(len(checks), len(chain.hops))]
        return checks

    checks_by_chain = await asyncio.gather(*(check_chain(index, chain) for index, chain in enumerate(chains)))
    return [check for checks in checks_by_chain for check in checks]


async def _assume(
    clients: _CallerClients, hop: RoleHop, session: MfaSession, patience: Patience, *, chained: bool
) -> tuple[tuple[Secret, Secret, Secret], str] | Refusal:
    """The role's credentials and the ID of the request, or the refusal."""

    def send() -> tuple[tuple[Secret, Secret, Secret], str]:
        response = clients.sts.assume_role(**role_parameters(hop))
        return credentials_of(response)[:3], request_id_of(response)

    try:
        assumed: tuple[tuple[Secret, Secret, Secret], str] = await patience(
            lambda: call_aws(send, session.endpoint, role_arn=hop.role_arn)
        )
    except Refused as error:
        refusal = error.refusal
    else:
        return assumed
    if refusal.transient:
        return refusal
    # Outside the handler, which would keep the error alive: the investigation takes a while and may be interrupted.
    context = context_of(session, hop, chained=chained)
    attempt = RefusedAttempt(clients.caller, hop, context, chained, session.duration_seconds)
    return await investigate(refusal, attempt, clients.iam)


def role_parameters(hop: RoleHop) -> dict[str, Any]:
    """AssumeRole's parameters, as the provider sends them."""
    parameters = {
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
    return {name: value for name, value in parameters.items() if value}


def _role_caller(hop: RoleHop) -> Caller:
    """The session of this role, which is the caller for the next role of the chain."""
    arn, partition = hop.role_arn or "", (hop.role_arn or "").split(":")[1]
    name = arn.rpartition("/")[2]
    session = hop.session_name or _SESSION_NAME
    return Caller(f"arn:{partition}:sts::{account_of(arn)}:assumed-role/{name}/{session}", arn)
