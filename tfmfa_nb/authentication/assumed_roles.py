"""Sessions of roles that this process assumes for Terraform, where Terraform runs on a machine that gets no more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_client import call_aws, credentials_of, request_id_of, sts_client
from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.authentication.role_checks import role_parameters
from tfmfa_nb.authentication.session_durations import LONGEST_SECONDS
from tfmfa_nb.model.errors import AuthenticationError

if TYPE_CHECKING:
    from datetime import datetime

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import RoleChain, RoleHop


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """The session of the last role of a chain.

    Attributes:
        hops: what AssumeRole got for each role of the chain, by AWS's names.
        credentials: access key ID, secret access key, and session token.
        expiration: time at which the session ends, in UTC.
        request_id: ID of the last AssumeRole request, by which CloudTrail records it.
    """

    hops: tuple[dict[str, Any], ...]
    credentials: tuple[Secret, Secret, Secret]
    expiration: datetime
    request_id: str

    def evidence(self) -> dict[str, str]:
        """What identifies the session in CloudTrail, and is no secret."""
        return {
            "role": str(self.hops[-1]["RoleArn"]),
            "access_key_id": self.credentials[0].reveal(),
            "request_id": self.request_id,
            "until": f"{self.expiration:%Y-%m-%dT%H:%M:%SZ}",
        }

    def forget(self) -> None:
        """Drop the credentials."""
        for secret in self.credentials:
            secret.forget()


async def assume(session: MfaSession, chain: RoleChain, seconds: int) -> AssumedRole:
    """Assume the roles of a chain, one after the other, as the provider would.

    Args:
        session: the MFA session.
        chain: a chain whose arguments are all known.
        seconds: how long the last session is to be valid, unless the configuration says it; one hour at most.

    Raises:
        AuthenticationError: AWS refuses a role, or cannot be reached.
    """
    caller = (session.access_key_id, session.secret_access_key, session.session_token)
    sent: list[dict[str, Any]] = []
    assumed: AssumedRole | None = None
    for hop in chain.hops:
        bounded = replace(hop, duration_seconds=min(hop.duration_seconds or seconds, LONGEST_SECONDS))
        sent.append(role_parameters(bounded))
        assumed, before = await _assume(caller, session, bounded, tuple(sent)), assumed
        if before is not None:
            before.forget()
        caller = assumed.credentials
    if assumed is None:
        raise AuthenticationError(f"{chain.provider} assumes no role.", "Add assume_role to it.")
    return assumed


async def _assume(
    caller: tuple[Secret, Secret, Secret], session: MfaSession, hop: RoleHop, sent: tuple[dict[str, Any], ...]
) -> AssumedRole:
    def send() -> AssumedRole:
        response = sts_client(*caller, session.endpoint).assume_role(**sent[-1])
        *credentials, expiration = credentials_of(response)
        key, secret, token = credentials
        return AssumedRole(sent, (key, secret, token), expiration, request_id_of(response))

    try:
        return await call_aws(send, session.endpoint, role_arn=hop.role_arn)
    except Refused as error:
        refusal = error.refusal
    raise AuthenticationError(refusal.problem, refusal.remedy)
