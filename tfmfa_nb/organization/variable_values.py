"""The values of the organization variables from one source, and their validation."""

from __future__ import annotations

import re
from typing import NoReturn

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret

KEY, SECRET, SERIAL = NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MFA_SERIAL_NUMBER")

# GetSessionToken's pattern for a serial number, narrowed to the two kinds that it accepts: the ARN of a virtual device
# and the number of a hardware device (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html).
_VIRTUAL_DEVICE = re.compile(r"arn:aws(?:-[a-z]+)*:iam::\d{12}:mfa/[\w+=,.@/-]+", re.ASCII)
_HARDWARE_DEVICE = re.compile(r"[A-Za-z0-9]{9,256}")
_ACCESS_KEY_ID = re.compile(r"\w{16,128}", re.ASCII)  # the API's pattern for an access key ID
_SHOWN = re.compile(r"[A-Z0-9]{16,128}")  # no secret is without small letters
_AKIA = re.compile(
    r"A[KS]IA[A-Z0-9]{12,28}"
)  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_SECRET_ACCESS_KEY = re.compile(r"[!-~]{16,256}")  # today 40 base64 characters; the pattern only catches typos


class VariableValues:
    """The values from one source, "" where it has none; repr() hides the secret, and pickling fails.

    Attributes:
        session: True if the source also has a session token.
        region: Region that the source has; "" for none.
        key_source: where the key is, in words, if the source has it from elsewhere; "" otherwise.
        serial_source: the same of the MFA device.
        roles: ARNs of the roles that the source names, in the order in which they would be assumed.
    """

    __slots__ = (
        "access_key_id",
        "key_source",
        "region",
        "roles",
        "secret_access_key",
        "serial_number",
        "serial_source",
        "session",
    )  # fmt: skip

    def __init__(
        self,
        access_key_id: str = "",
        secret_access_key: Secret | None = None,
        serial_number: str = "",
        *,
        session: bool = False,
        region: str = "",
        key_source: str = "",
        serial_source: str = "",
        roles: tuple[str, ...] = (),
    ) -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key or Secret("")
        self.serial_number = serial_number
        self.session = session
        self.region = region
        self.key_source, self.serial_source = key_source, serial_source
        self.roles = roles

    def missing(self) -> tuple[str, ...]:
        """The names of the variables without a value."""
        values = (self.access_key_id, self.secret_access_key, self.serial_number)
        return tuple(name for name, value in zip(NAMES, values, strict=True) if not value)

    def __repr__(self) -> str:
        return f"VariableValues({shown_access_key_id(self.access_key_id)}, {self.serial_number})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("VariableValues cannot be pickled or copied")


def shown_access_key_id(access_key_id: str) -> str:
    """What may be shown of an access key ID; of anything else nothing, because it may be a misplaced secret."""
    return f"…{access_key_id[-4:]}" if _SHOWN.fullmatch(access_key_id) else "not an access key ID"


def refuse_swapped(values: VariableValues, source: str = "") -> None:
    """Reject an access key ID in the place of the secret.

    Args:
        values: the values.
        source: name of the source, for the error.

    Raises:
        ConfigurationError: the secret access key is an access key ID. The values are not repeated.
    """
    if not _AKIA.fullmatch(values.secret_access_key.reveal()):
        return
    where = f" in the {source}" if source else ""
    if _AKIA.fullmatch(values.access_key_id):
        raise ConfigurationError(
            f"AWS_SECRET_ACCESS_KEY{where} is an access key ID (AKIA…), not a secret access key.",
            "Set it to the secret access key of that ID.",
        )
    raise ConfigurationError(
        f"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY{where} are swapped.",
        "Set the first to the access key ID (AKIA…), and the second to its secret access key.",
    )


def validate_access_key_id(access_key_id: str, source: str = "", *, session: bool = False) -> None:
    """Reject keys for which STS issues no MFA session.

    Args:
        access_key_id: ID of a long-term key.
        source: name of the source, for the error.
        session: True if the source also has a session token.

    Raises:
        ConfigurationError: the key is a temporary one, or not an access key ID.
    """
    if session:
        raise ConfigurationError(
            f"The {source} has a session token, but AWS issues MFA sessions only for long-term access keys.",
            "Use your long-term access key (AKIA…), and unset AWS_SESSION_TOKEN.",
        )
    if access_key_id.startswith("ASIA"):
        raise ConfigurationError(
            "AWS_ACCESS_KEY_ID is a temporary key (ASIA…), but AWS issues MFA sessions only for long-term access keys.",
            "Use your long-term access key (AKIA…).",
        )
    if not _ACCESS_KEY_ID.fullmatch(access_key_id):  # not repeated in the error: it may be a misplaced secret
        raise ConfigurationError(
            "AWS_ACCESS_KEY_ID is not a valid access key ID: expected 20 letters and digits starting with AKIA.",
            "Copy it from the IAM console (your user, Security credentials).",
        )


def validate_secret_access_key(secret_access_key: Secret) -> None:
    """Reject a value that cannot be a secret access key. Only typed values are checked; AWS checks the others.

    Raises:
        ConfigurationError: the value is not a secret access key.
    """
    if not _SECRET_ACCESS_KEY.fullmatch(secret_access_key.reveal()):
        raise ConfigurationError(
            "AWS_SECRET_ACCESS_KEY is not a valid secret access key: expected 40 characters without spaces.",
            "AWS shows it only when the key is created. If it is lost, create a new access key.",
        )


def validate_serial_number(serial_number: str) -> None:
    """Reject devices that show no codes, and values that are not serial numbers.

    Raises:
        ConfigurationError: the value is one of those.
    """
    if is_passkey(serial_number):
        raise ConfigurationError(
            "AWS_MFA_SERIAL_NUMBER is a passkey or security key, which shows no codes that AWS STS accepts.",
            "Add an authenticator app to your IAM user, and set its ARN.",
        )
    if not (_VIRTUAL_DEVICE.fullmatch(serial_number) or _HARDWARE_DEVICE.fullmatch(serial_number)):
        # Only a value that starts like an ARN is repeated: anything else may be a misplaced secret.
        value = f" {serial_number!r}" if serial_number.startswith("arn:") else ""
        raise ConfigurationError(
            f"AWS_MFA_SERIAL_NUMBER{value} is neither the ARN of an MFA device nor a hardware serial number.",
            "Example: arn:aws:iam::111122223333:mfa/NAME",
        )


def is_passkey(serial_number: str) -> bool:
    """True for a passkey or security key, which STS cannot use."""
    return any(kind in serial_number for kind in (":u2f/", ":fido/", ":passkey/"))
