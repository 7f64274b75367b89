"""Organization variables: the person's own long-term key and MFA device, and where they come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.errors import ConfigurationError
from tfmfa_nb.redaction import Secret
from tfmfa_nb.words import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MFA_SERIAL_NUMBER")

# GetSessionToken's own rule for a serial number, narrowed to the two kinds it takes: a virtual device's ARN and
# a hardware device's number (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html).
_VIRTUAL = re.compile(r"arn:aws(?:-[a-z]+)*:iam::\d{12}:mfa/[\w+=,.@/-]+")
_FIRST_REGION = {"aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
_HARDWARE = re.compile(r"[A-Za-z0-9]{9,256}")


class OrganizationVariables:
    """One person's variables; no repr shows the secret, and it cannot be pickled.

    Attributes:
        source: where they were found, for the screen.
        endpoint: where STS is asked.
    """

    __slots__ = ("access_key_id", "endpoint", "secret_access_key", "serial_number", "source")

    def __init__(
        self,
        access_key_id: str,
        secret_access_key: Secret,
        serial_number: str,
        source: str,
        endpoint: Endpoint,
    ) -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.serial_number = serial_number
        self.source = source
        self.endpoint = endpoint

    def __repr__(self) -> str:
        return f"OrganizationVariables(…{self.access_key_id[-4:]}, {self.serial_number}, from the {self.source})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("OrganizationVariables are not pickled or copied")


def read_variables(environ: Mapping[str, str], profile: str = "") -> OrganizationVariables:
    """The variables, from the process environment if it has a key, else from the AWS profile.

    Args:
        environ: the process environment.
        profile: the profile's name; "" for none.

    Raises:
        ConfigurationError: one is missing, or is not of a kind that STS takes.
    """
    if environ.get("AWS_ACCESS_KEY_ID") or not profile:
        source, remedy = "process environment", "Set it in the environment that Jupyter starts in."
        found = {name: environ.get(name, "").strip() for name in NAMES}
    else:
        source, remedy = f'AWS profile "{profile}"', "Add it to that profile."
        found = _read_profile(profile)
        # The device may be named beside the profile that holds the key.
        found["AWS_MFA_SERIAL_NUMBER"] = found["AWS_MFA_SERIAL_NUMBER"] or environ.get("AWS_MFA_SERIAL_NUMBER", "")
    missing = [name for name in NAMES if not found[name]]
    if missing:
        raise ConfigurationError(f"{' and '.join(missing)} missing from the {source}.", remedy)
    if environ.get("AWS_SESSION_TOKEN") and source == "process environment":
        raise ConfigurationError(
            "AWS_SESSION_TOKEN is set: these are a session's credentials, and STS gives a session no MFA session.",
            "Use your long-term access key, and unset AWS_SESSION_TOKEN.",
        )
    _check_key(found["AWS_ACCESS_KEY_ID"])
    _check_serial(found["AWS_MFA_SERIAL_NUMBER"])
    return OrganizationVariables(
        found["AWS_ACCESS_KEY_ID"],
        Secret(found.pop("AWS_SECRET_ACCESS_KEY")),
        found["AWS_MFA_SERIAL_NUMBER"],
        source,
        _endpoint(environ, found),
    )


def _endpoint(environ: Mapping[str, str], found: Mapping[str, str]) -> Endpoint:
    """The region as Terraform's provider finds it (boto3 ignores AWS_REGION); elsewhere than AWS where that is set.

    Without a region the global endpoint answers, which knows only the partition `aws`: the MFA device's ARN says
    which one it is.
    """
    partition = found["AWS_MFA_SERIAL_NUMBER"].partition("arn:")[2].partition(":")[0]
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or found.get("region")
    url = environ.get("AWS_ENDPOINT_URL_STS") or environ.get("AWS_ENDPOINT_URL")
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        url = None
    return Endpoint(region or _FIRST_REGION.get(partition), url or None)


def _read_profile(profile: str) -> dict[str, str]:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - heavy, and seldom needed
    from botocore.session import Session  # noqa: PLC0415

    try:
        config = Session(profile=profile).get_scoped_config()
    except BotoCoreError:
        config = None
    if config is None:
        raise ConfigurationError(
            f'There is no readable AWS profile "{profile}".',
            "Correct AWS_PROFILE, or %config TfmfaMagics.profile.",
        )
    keys = ("aws_access_key_id", "aws_secret_access_key", "mfa_serial")
    return {
        **{name: str(config.get(key, "")) for name, key in zip(NAMES, keys, strict=True)},
        "region": str(config.get("region", "")),
    }


def _check_key(access_key_id: str) -> None:
    if access_key_id.startswith("ASIA"):
        raise ConfigurationError(
            "AWS_ACCESS_KEY_ID is a session's key (ASIA…), and STS gives a session no MFA session.",
            "Use your long-term access key (AKIA…).",
        )


def _check_serial(serial_number: str) -> None:
    if ":u2f/" in serial_number or ":fido/" in serial_number or ":passkey/" in serial_number:
        raise ConfigurationError(
            "AWS_MFA_SERIAL_NUMBER names a passkey or security key, which shows no codes: STS cannot use it.",
            "Add a virtual MFA device (an authenticator app) to your IAM user, and set its ARN.",
        )
    if not (_VIRTUAL.fullmatch(serial_number) or _HARDWARE.fullmatch(serial_number)):
        raise ConfigurationError(
            f"AWS_MFA_SERIAL_NUMBER {serial_number!r} is neither an MFA device's ARN nor a hardware serial number.",
            "It looks like arn:aws:iam::111122223333:mfa/NAME.",
        )
