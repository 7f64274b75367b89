"""The MFA session: temporary credentials, obtained with one code, that carry MFA into every role.

The session comes from GetSessionToken rather than from AssumeRole with a code: the provider's own AssumeRole calls then
carry MFA too, so that one code serves every provider alias and every hop of a role chain.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from tfmfa_nb.authentication.aws_client import call_aws, credentials_of, request_id_of, sts_client
from tfmfa_nb.authentication.patience import Patience, once
from tfmfa_nb.authentication.refusal import Refusal, Refused, next_code_at
from tfmfa_nb.authentication.session_durations import format_duration
from tfmfa_nb.model.identity import Identity

if TYPE_CHECKING:
    from datetime import datetime

    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.model.redaction import Secret


class MfaSession:
    """Temporary credentials that carry MFA, kept in memory for one phase of a run.

    Attributes:
        authenticated_at: time at which AWS accepted the code, in seconds since the epoch by this machine's clock.
        duration_seconds: total duration of the session.
        endpoint: endpoint that issued the session and that further calls use.
        endpoint_url: URL of that endpoint.
        expiration: time at which the session ends, in UTC.
        identity: identity of the session according to STS.
        request_id: ID of the GetSessionToken request, by which CloudTrail records it.
    """

    __slots__ = (
        "access_key_id",
        "authenticated_at",
        "duration_seconds",
        "endpoint",
        "endpoint_url",
        "expiration",
        "identity",
        "request_id",
        "secret_access_key",
        "serial_number",
        "session_token",
    )  # fmt: skip

    def __init__(  # noqa: PLR0917 - created in one place, from AWS's response
        self,
        access_key_id: Secret,
        secret_access_key: Secret,
        session_token: Secret,
        expiration: datetime,
        identity: Identity,
        serial_number: str,
        endpoint: Endpoint,
        duration_seconds: int = 3600,
        *,
        request_id: str = "",
        endpoint_url: str = "",
    ) -> None:
        self.request_id, self.endpoint_url = request_id, endpoint_url
        self.authenticated_at = time.time()
        self.duration_seconds = duration_seconds
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.session_token = session_token
        self.expiration = expiration
        self.identity = identity
        self.serial_number = serial_number
        self.endpoint = endpoint

    def environ(self) -> dict[str, str]:
        """The three variables for Terraform's process. Pass them on; do not keep them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id.reveal(),
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key.reveal(),
            "AWS_SESSION_TOKEN": self.session_token.reveal(),
        }

    @property
    def lasts(self) -> str:
        """Until when, and how long: "session expires at 12:30 UTC, after 15 min"."""
        return f"session expires at {self.expiration:%H:%M} UTC, after {format_duration(self.duration_seconds)}"

    def evidence(self) -> dict[str, str]:
        """What identifies the session in CloudTrail, and is no secret: its key's ID, the request, and the endpoint."""
        return {
            "access_key_id": self.access_key_id.reveal(),
            "request_id": self.request_id,
            "endpoint": self.endpoint_url,
        }

    def secrets(self) -> tuple[Secret, ...]:
        """The values that must be masked wherever they appear."""
        return self.access_key_id, self.secret_access_key, self.session_token

    def duplicate(self) -> MfaSession:
        """The same session for another run, which keeps it when this one is forgotten."""
        other = MfaSession(
            self.access_key_id.duplicate(),
            self.secret_access_key.duplicate(),
            self.session_token.duplicate(),
            self.expiration,
            self.identity,
            self.serial_number,
            self.endpoint,
            self.duration_seconds,
            request_id=self.request_id,
            endpoint_url=self.endpoint_url,
        )
        other.authenticated_at = self.authenticated_at
        return other

    def forget(self) -> None:
        """Drop the credentials."""
        for secret in self.secrets():
            secret.forget()

    def __repr__(self) -> str:
        return f"MfaSession({self.identity.arn}, until {self.expiration:%H:%M} UTC)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an MfaSession cannot be pickled or copied")


async def identify(access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> Identity:
    """The identity that owns the long-term key (STS GetCallerIdentity, which needs no permission).

    Raises:
        Refused: the key, its secret, the clock, or the network is at fault.
    """
    return await call_aws(
        lambda: _caller_identity(sts_client(access_key_id, secret_access_key, None, endpoint)), endpoint
    )


async def get_session(
    access_key_id: str,
    secret_access_key: Secret,
    serial_number: str,
    code: Secret,
    *,
    duration_seconds: int = 3600,
    endpoint: Endpoint,
    patience: Patience = once,
) -> MfaSession:
    """Exchange `code` for a session (STS GetSessionToken).

    Args:
        access_key_id: ID of the long-term key.
        secret_access_key: secret of that key.
        serial_number: ARN or serial number of the MFA device.
        code: six digits; see `mfa_codes.parse_code`.
        duration_seconds: duration of the session, 900 to 129,600.
        endpoint: endpoint to call.
        patience: for the question whose session it is, once AWS has accepted the code: the session is not thrown away.

    Raises:
        Refused: AWS rejected the code or could not be reached; `refusal.code_spent` tells if the code was used.
    """

    def send() -> tuple[tuple[Secret, Secret, Secret, datetime], str, str]:
        sts = sts_client(access_key_id, secret_access_key, None, endpoint)
        response = sts.get_session_token(
            SerialNumber=serial_number, TokenCode=code.reveal(), DurationSeconds=duration_seconds
        )
        credentials = credentials_of(response)
        if credentials[0].reveal() == access_key_id:
            raise KeyError("AccessKeyId")  # whoever answered has sent back what it got
        return credentials, request_id_of(response), sts.meta.endpoint_url

    (key, secret, token, expiration), request_id, endpoint_url = await call_aws(send, endpoint, carries_code=True)
    identity = await _identify_session(key, secret, token, endpoint, patience)
    if isinstance(identity, Refusal):
        for credential in (key, secret, token):
            credential.forget()
        raise Refused(identity)
    return MfaSession(
        key,
        secret,
        token,
        expiration,
        identity,
        serial_number,
        endpoint,
        duration_seconds,
        request_id=request_id,
        endpoint_url=endpoint_url,
    )


async def _identify_session(
    key: Secret, secret: Secret, token: Secret, endpoint: Endpoint, patience: Patience
) -> Identity | Refusal:
    """The session's identity, or the refusal if AWS does not return it; the code is used either way."""
    try:
        identity: Identity = await patience(
            lambda: call_aws(lambda: _caller_identity(sts_client(key, secret, token, endpoint)), endpoint)
        )
    except Refused as error:
        return replace(
            error.refusal,
            problem=f"AWS accepted the code but did not return the session's identity. {error.refusal.problem}",
            remedy=f"{error.refusal.remedy} Use the next code that your device shows.",
            code_spent=True,
            next_code_at=next_code_at(),
        )
    return identity


def _caller_identity(client: Any) -> Identity:
    response = client.get_caller_identity()
    return Identity(account=response["Account"], arn=response["Arn"])
