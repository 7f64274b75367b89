"""The MFA session: one code for temporary credentials whose MFA mark carries into every role.

GetSessionToken, not AssumeRole with a code: its mark reaches the provider's own AssumeRole calls, so that one code
serves every alias and every hop of a chain.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from tfmfa_nb.authentication.client import call, credentials_of, sts_client
from tfmfa_nb.authentication.diagnosis import Refusal, Refused, next_code_at
from tfmfa_nb.model.identity import Identity

if TYPE_CHECKING:
    from datetime import datetime

    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.model.redaction import Secret


class MfaSession:
    """Temporary credentials with the MFA mark; kept in memory for one phase of a run.

    Attributes:
        authenticated_at: when AWS had taken the code, in seconds since the epoch by this machine's clock.
        expiration: when AWS ends it, in UTC.
        seconds: how long it lasts altogether.
        identity: who STS says that it is.
        endpoint: where it was given, and is used.
    """

    __slots__ = (
        "access_key_id", "authenticated_at", "endpoint", "expiration", "identity", "seconds", "secret_access_key",
        "serial_number", "session_token",
    )  # fmt: skip

    def __init__(  # noqa: PLR0917 - made in one place, out of AWS's answer
        self,
        access_key_id: Secret,
        secret_access_key: Secret,
        session_token: Secret,
        expiration: datetime,
        identity: Identity,
        serial_number: str,
        endpoint: Endpoint,
        seconds: int = 3600,
    ) -> None:
        self.authenticated_at = time.time()
        self.seconds = seconds
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.session_token = session_token
        self.expiration = expiration
        self.identity = identity
        self.serial_number = serial_number
        self.endpoint = endpoint

    def environ(self) -> dict[str, str]:
        """The three variables for Terraform's process; do not keep them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id.reveal(),
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key.reveal(),
            "AWS_SESSION_TOKEN": self.session_token.reveal(),
        }

    def secrets(self) -> tuple[Secret, ...]:
        """What must be masked wherever it appears."""
        return self.access_key_id, self.secret_access_key, self.session_token

    def forget(self) -> None:
        """Let go of the credentials."""
        for secret in self.secrets():
            secret.forget()

    def __repr__(self) -> str:
        return f"MfaSession({self.identity.arn}, until {self.expiration:%H:%M} UTC)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an MfaSession is not pickled or copied")


async def identify(access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> Identity:
    """Who the long-term key belongs to; needs no permission (STS GetCallerIdentity).

    Raises:
        Refused: the key, its secret, the clock or the network is wrong.
    """
    return await call(lambda: _whom(sts_client(access_key_id, secret_access_key, None, endpoint)))


async def get_session(
    access_key_id: str,
    secret_access_key: Secret,
    serial_number: str,
    code: Secret,
    *,
    duration_seconds: int = 3600,
    endpoint: Endpoint,
) -> MfaSession:
    """Exchange `code` for a session (STS GetSessionToken).

    Args:
        access_key_id: a long-term key's.
        secret_access_key: its secret.
        serial_number: the MFA device's ARN or serial number.
        code: six digits, see `codes.read_code`.
        duration_seconds: 900 to 129,600.
        endpoint: where to ask.

    Raises:
        Refused: AWS did not accept it, or could not be asked; `refusal.code_spent` says whether it is spent.
    """
    key, secret, token, expiration = await call(
        lambda: credentials_of(
            sts_client(access_key_id, secret_access_key, None, endpoint).get_session_token(
                SerialNumber=serial_number, TokenCode=code.reveal(), DurationSeconds=duration_seconds
            )
        ),
        carries_code=True,
    )
    identity = await _identify_session(key, secret, token, endpoint)
    if isinstance(identity, Refusal):
        for held in (key, secret, token):
            held.forget()
        raise Refused(identity)
    return MfaSession(key, secret, token, expiration, identity, serial_number, endpoint, duration_seconds)


async def _identify_session(key: Secret, secret: Secret, token: Secret, endpoint: Endpoint) -> Identity | Refusal:
    """Whose session it is; if AWS does not say, the code is spent all the same."""
    try:
        return await call(lambda: _whom(sts_client(key, secret, token, endpoint)))
    except Refused as error:
        return replace(
            error.refusal,
            problem=f"AWS took the code, but did not say whose session it is. {error.refusal.problem}",
            remedy=f"{error.refusal.remedy} It takes the device's next code.",
            code_spent=True,
            next_code_at=next_code_at(),
        )


def _whom(client: Any) -> Identity:
    answer = client.get_caller_identity()
    return Identity(account=answer["Account"], arn=answer["Arn"])
