"""Finds the roles that long-term keys can assume without MFA, by trying them and by reading their trust policies."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.aws_client import aws_client, call_aws
from tfmfa_nb.authentication.refusal import Cause, RefusalKind, Refused
from tfmfa_nb.authentication.refusal_evidence import (
    EXTERNAL_ID,
    MFA_AGE,
    MFA_PRESENT,
    IamReader,
    RefusedAttempt,
    gather_evidence,
)
from tfmfa_nb.authentication.trust_policy_evaluation import Caller, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import RoleChain, RoleHop

# Refusals in which AWS evaluated the request and denied it.
_DENIALS = {RefusalKind.ROLE, RefusalKind.DENIED}


class TrialOutcome(StrEnum):
    """The outcomes of trying to assume a role without MFA."""

    ASSUMED = "assumed"
    REFUSED = "refused"
    ONLY_EXTERNAL_ID_MISSING = "refused only because its external ID is missing"
    NOT_TRIED = "not tried"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RoleTrial:
    """The trial of one role.

    Attributes:
        reason: the reason for which the role was not tried or the outcome is unknown.
    """

    hop: RoleHop
    outcome: TrialOutcome
    reason: str = ""

    @property
    def role(self) -> str:
        """The role's ARN, or the HCL expression for it."""
        return self.hop.role_arn or self.hop.expression


async def try_roles_without_mfa(
    access_key_id: str, secret_access_key: Secret, identity: Identity, chains: Sequence[RoleChain], endpoint: Endpoint
) -> tuple[RoleTrial, ...]:
    """Try each chain's first role, which should refuse. The first roles protect the ones behind them.

    Args:
        access_key_id: ID of the user's long-term key.
        secret_access_key: secret of that key.
        identity: owner of the key.
        chains: role chains of the configuration.
        endpoint: endpoint to call.
    """
    hops = {
        (hop.role_arn or hop.expression, hop.external_id or hop.can_be_tried): hop
        for chain in chains
        for hop in chain.hops[:1]
    }
    iam = IamReader((access_key_id, secret_access_key, None), endpoint)

    async def try_role(hop: RoleHop) -> RoleTrial:
        if hop.role_arn is None:
            return RoleTrial(hop, TrialOutcome.NOT_TRIED, "its ARN is unknown until Terraform runs")
        if not hop.can_be_tried:
            reason = "its external_id is sensitive, or unknown until Terraform runs"
            return RoleTrial(hop, TrialOutcome.NOT_TRIED, reason)
        try:
            await call_aws(
                lambda: _assume(access_key_id, secret_access_key, hop, endpoint), endpoint, role_arn=hop.role_arn
            )
        except Refused as error:
            refusal = error.refusal
        else:
            return RoleTrial(hop, TrialOutcome.ASSUMED)
        if refusal.kind not in _DENIALS or refusal.cause is Cause.ARGUMENT:  # then AWS evaluated no policy
            return RoleTrial(hop, TrialOutcome.UNKNOWN, refusal.reason or refusal.problem)
        only_external_id = not hop.external_id and await _requires_only_external_id(iam, hop, identity)
        return RoleTrial(hop, TrialOutcome.ONLY_EXTERNAL_ID_MISSING if only_external_id else TrialOutcome.REFUSED)

    ordered = sorted(hops.values(), key=lambda hop: hop.role_arn or hop.expression)
    return tuple(await asyncio.gather(*map(try_role, ordered)))


def _assume(access_key_id: str, secret_access_key: Secret, hop: RoleHop, endpoint: Endpoint) -> bool:
    external = {"ExternalId": hop.external_id} if hop.external_id else {}
    client = aws_client("sts", access_key_id, secret_access_key, None, endpoint)
    return bool(
        client.assume_role(RoleArn=hop.role_arn, RoleSessionName="tfmfa-doctor", DurationSeconds=900, **external)
    )


async def _requires_only_external_id(iam: IamReader, hop: RoleHop, identity: Identity) -> bool:
    """True if the role's trust policy is readable and would allow these keys with the right external ID."""
    caller = Caller(identity.arn, identity.arn)
    context = {MFA_PRESENT: None, MFA_AGE: None}  # long-term keys carry neither
    attempt = RefusedAttempt(caller, hop, context, chained=False, session_seconds=0)
    evidence = await gather_evidence(iam, attempt, "")
    if evidence.trust_policy is None:
        return False
    statements = evaluate(evidence.trust_policy, caller.names, context).statements
    return any(
        one.applies is None and {element.key for element in one.elements if element.matches is None} == {EXTERNAL_ID}
        for one in statements
        if not one.deny
    )
