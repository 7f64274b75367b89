"""Which roles long-term keys can assume without MFA: tried, and where that says nothing, looked at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.aws_client import aws_client, call
from tfmfa_nb.authentication.refusal import RefusalKind, Refused
from tfmfa_nb.authentication.refusal_evidence import (
    EXTERNAL_ID,
    MFA_AGE,
    MFA_PRESENT,
    Attempt,
    IamReader,
    gather_evidence,
)
from tfmfa_nb.authentication.trust_policy_evaluation import Caller, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import RoleChain, RoleHop

# What AWS answers where it has looked at the role, and does not let it be assumed.
_NO = {RefusalKind.ROLE, RefusalKind.DENIED}


class TrialOutcome(StrEnum):
    """What came of it."""

    ASSUMED = "assumed"
    REFUSED = "refused"
    EXTERNAL_ID_ALONE = "refused for its external id alone"
    NOT_TRIED = "not tried"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class RoleTrial:
    """One role.

    Attributes:
        why: for one that was not tried, or is not known: the reason.
    """

    hop: RoleHop
    outcome: TrialOutcome
    why: str = ""

    @property
    def role(self) -> str:
        """The role's ARN, or the HCL that it was written as."""
        return self.hop.role_arn or self.hop.expression


async def try_roles_without_mfa(
    access_key_id: str, secret_access_key: Secret, identity: Identity, chains: Sequence[RoleChain], endpoint: Endpoint
) -> tuple[RoleTrial, ...]:
    """Try the chains' first roles, which should all refuse; those behind them are for the first ones to protect.

    Args:
        access_key_id: the user's long-term key.
        secret_access_key: its secret.
        identity: whose it is.
        chains: the configuration's.
        endpoint: where to ask.
    """
    hops = {
        (hop.role_arn or hop.expression, hop.external_id or hop.can_be_tried): hop
        for chain in chains
        for hop in chain.hops[:1]
    }
    looker = IamReader((access_key_id, secret_access_key, None), endpoint)

    async def one(hop: RoleHop) -> RoleTrial:
        if hop.role_arn is None:
            return RoleTrial(hop, TrialOutcome.NOT_TRIED, "it is not known before Terraform runs")
        if not hop.can_be_tried:
            return RoleTrial(
                hop, TrialOutcome.NOT_TRIED, "its external_id is sensitive, or not known before Terraform runs"
            )
        try:
            await call(lambda: _assume(access_key_id, secret_access_key, hop, endpoint), role_arn=hop.role_arn)
        except Refused as error:
            refusal = error.refusal
        else:
            return RoleTrial(hop, TrialOutcome.ASSUMED)
        if refusal.kind not in _NO:
            return RoleTrial(hop, TrialOutcome.NOT_KNOWN, refusal.why or refusal.problem)
        alone = not hop.external_id and await _wants_external_id_alone(looker, hop, identity)
        return RoleTrial(hop, TrialOutcome.EXTERNAL_ID_ALONE if alone else TrialOutcome.REFUSED)

    return tuple(await asyncio.gather(*map(one, sorted(hops.values(), key=lambda hop: hop.role_arn or hop.expression))))


def _assume(access_key_id: str, secret_access_key: Secret, hop: RoleHop, endpoint: Endpoint) -> bool:
    external = {"ExternalId": hop.external_id} if hop.external_id else {}
    client = aws_client("sts", access_key_id, secret_access_key, None, endpoint)
    return bool(
        client.assume_role(RoleArn=hop.role_arn, RoleSessionName="tfmfa-doctor", DurationSeconds=900, **external)
    )


async def _wants_external_id_alone(looker: IamReader, hop: RoleHop, identity: Identity) -> bool:
    """Whether the role's trust policy, where it may be read, would let these keys in with the right external id."""
    caller = Caller(identity.arn, identity.arn)
    context = {MFA_PRESENT: None, MFA_AGE: None}  # long-term keys carry neither
    evidence = await gather_evidence(looker, Attempt(caller, hop, context, chained=False, session_seconds=0), "")
    if evidence.trust is None:
        return False
    allows = [one for one in evaluate(evidence.trust, caller.names, context).statements if not one.deny]
    return any(
        one.applies is None and {element.key for element in one.elements if element.answer is None} == {EXTERNAL_ID}
        for one in allows
    )
