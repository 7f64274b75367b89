"""What one source gives of the organization variables, and whether it can be what it claims to be."""

from __future__ import annotations

import re
from typing import NoReturn

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret

KEY, SECRET, SERIAL = NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MFA_SERIAL_NUMBER")

# GetSessionToken's own rule for a serial number, narrowed to the two kinds it takes: a virtual device's ARN and
# a hardware device's number (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html).
_VIRTUAL = re.compile(r"arn:aws(?:-[a-z]+)*:iam::\d{12}:mfa/[\w+=,.@/-]+", re.ASCII)
_HARDWARE = re.compile(r"[A-Za-z0-9]{9,256}")
_KEY = re.compile(r"\w{16,128}", re.ASCII)  # the API's own rule for an access key id
_SECRET = re.compile(r"[!-~]{16,256}")  # 40 base64 characters today; what is told apart here is a slip, not a forgery


class VariableValues:
    """The variables of one source, each empty where it has none; no repr shows the secret, and it cannot be pickled.

    Attributes:
        session: whether a session token stands beside the key.
        region: the region that stands beside the key.
    """

    __slots__ = ("access_key_id", "region", "secret_access_key", "serial_number", "session")

    def __init__(
        self,
        access_key_id: str = "",
        secret_access_key: Secret | None = None,
        serial_number: str = "",
        *,
        session: bool = False,
        region: str = "",
    ) -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key or Secret("")
        self.serial_number = serial_number
        self.session = session
        self.region = region

    def missing(self) -> tuple[str, ...]:
        """The names of the variables that are empty."""
        values = (self.access_key_id, self.secret_access_key, self.serial_number)
        return tuple(name for name, value in zip(NAMES, values, strict=True) if not value)

    def __repr__(self) -> str:
        return f"VariableValues(…{self.access_key_id[-4:]}, {self.serial_number})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("what a source gives is not pickled or copied")


def validate_access_key_id(access_key_id: str, source: str = "", *, session: bool = False) -> None:
    """Refuse what STS gives no session for.

    Args:
        access_key_id: the long-term key's id.
        source: where a session token would have been found, for the error.
        session: whether a session token stands beside it.

    Raises:
        ConfigurationError: it is a session's, or no key at all.
    """
    if session:
        raise ConfigurationError(
            f"A session token is set in the {source}: STS gives a session's credentials no MFA session.",
            "Use your long-term access key (AKIA…), and unset AWS_SESSION_TOKEN.",
        )
    if access_key_id.startswith("ASIA"):
        raise ConfigurationError(
            "AWS_ACCESS_KEY_ID is a session's key (ASIA…), and STS gives a session no MFA session.",
            "Use your long-term access key (AKIA…).",
        )
    if not _KEY.fullmatch(access_key_id):  # it may be the secret, in the wrong place: do not repeat it
        raise ConfigurationError(
            "AWS_ACCESS_KEY_ID is no access key id: those are letters and digits.",
            "It looks like AKIA…, 20 characters.",
        )


def validate_secret_access_key(secret_access_key: Secret) -> None:
    """Refuse what cannot be a secret access key; what a person typed is checked so, what stands elsewhere is AWS's.

    Raises:
        ConfigurationError: it is none.
    """
    if not _SECRET.fullmatch(secret_access_key.reveal()):
        raise ConfigurationError(
            "AWS_SECRET_ACCESS_KEY is no secret access key: those have no blanks in them.",
            "It came with the key, 40 characters; if it is lost, make a new key.",
        )


def validate_serial_number(serial_number: str) -> None:
    """Refuse a device that shows no codes, and what is no device.

    Raises:
        ConfigurationError: it is one of those.
    """
    if is_passkey(serial_number):
        raise ConfigurationError(
            "AWS_MFA_SERIAL_NUMBER names a passkey or security key, which shows no codes: STS cannot use it.",
            "Add a virtual MFA device (an authenticator app) to your IAM user, and set its ARN.",
        )
    if not (_VIRTUAL.fullmatch(serial_number) or _HARDWARE.fullmatch(serial_number)):
        # Only what begins like an ARN is repeated: anything else may be a secret in the wrong place.
        shown = f" {serial_number!r}" if serial_number.startswith("arn:") else ""
        raise ConfigurationError(
            f"AWS_MFA_SERIAL_NUMBER{shown} is neither an MFA device's ARN nor a hardware serial number.",
            "It looks like arn:aws:iam::111122223333:mfa/NAME.",
        )


def is_passkey(serial_number: str) -> bool:
    """Whether it is a passkey or security key, which STS cannot use."""
    return any(kind in serial_number for kind in (":u2f/", ":fido/", ":passkey/"))
