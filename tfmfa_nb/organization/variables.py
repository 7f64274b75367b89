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
_VIRTUAL = re.compile(r"arn:aws(?:-[a-z]+)*:iam::\d{12}:mfa/[\w+=,.@/-]+", re.ASCII)
_HARDWARE = re.compile(r"[A-Za-z0-9]{9,256}")
_KEY = re.compile(r"\w{16,128}", re.ASCII)  # the API's own rule for an access key id
_FIRST_REGION = {
    "aws-us-gov": "us-gov-west-1",
    "aws-cn": "cn-north-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-eusc": "eusc-de-east-1",
}


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
    try:
        return _read(environ, profile)
    except ConfigurationError as error:
        found = ConfigurationError(error.problem, error.remedy)
    del environ  # or the error's frame would show the secret
    raise found


def _read(environ: Mapping[str, str], profile: str) -> OrganizationVariables:
    given = {name: value.strip() for name, value in environ.items() if name.startswith("AWS_")}
    if given.get("AWS_ACCESS_KEY_ID") or not profile:
        source, remedy = "process environment", "Set it in the environment that Jupyter starts in."
        found = {name: given.get(name, "") for name in NAMES}
        session = bool(given.get("AWS_SESSION_TOKEN"))
    else:
        source, remedy = f'AWS profile "{profile}"', "Add it to that profile."
        found = _read_profile(environ, profile)
        # The device may be named beside the profile that holds the key.
        found["AWS_MFA_SERIAL_NUMBER"] = found["AWS_MFA_SERIAL_NUMBER"] or given.get("AWS_MFA_SERIAL_NUMBER", "")
        session = bool(found["session_token"])
    missing = [name for name in NAMES if not found[name]]
    if missing:
        raise ConfigurationError(f"{' and '.join(missing)} missing from the {source}.", remedy)
    _check_key(found["AWS_ACCESS_KEY_ID"], source, session=session)
    _check_serial(found["AWS_MFA_SERIAL_NUMBER"])
    return OrganizationVariables(
        found["AWS_ACCESS_KEY_ID"],
        Secret(found["AWS_SECRET_ACCESS_KEY"]),
        found["AWS_MFA_SERIAL_NUMBER"],
        source,
        _endpoint(given, found),
    )


def _endpoint(given: Mapping[str, str], found: Mapping[str, str]) -> Endpoint:
    """The region as Terraform's provider finds it (boto3 ignores AWS_REGION); elsewhere than AWS where that is set.

    Without a region the global endpoint answers, which knows only the partition `aws`: the MFA device's ARN says
    which one it is.
    """
    partition = found["AWS_MFA_SERIAL_NUMBER"].partition("arn:")[2].partition(":")[0]
    region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION") or found.get("region")
    url = given.get("AWS_ENDPOINT_URL_STS") or given.get("AWS_ENDPOINT_URL")
    if given.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        url = None
    return Endpoint(region or _FIRST_REGION.get(partition), url or None)


def _read_profile(environ: Mapping[str, str], profile: str) -> dict[str, str]:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - heavy, and seldom needed
    from botocore.session import Session  # noqa: PLC0415

    session = Session(profile=profile)
    for variable, name in (("AWS_CONFIG_FILE", "config_file"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials_file")):
        if environ.get(variable):
            session.set_config_variable(name, environ[variable])
    try:
        config = session.get_scoped_config()
    except (BotoCoreError, UnicodeDecodeError):
        raise ConfigurationError(
            f'There is no readable AWS profile "{profile}".',
            "Correct AWS_PROFILE, or %config TfmfaMagics.profile.",
        ) from None
    keys = {
        "AWS_ACCESS_KEY_ID": "aws_access_key_id",
        "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
        "AWS_MFA_SERIAL_NUMBER": "mfa_serial",
        "session_token": "aws_session_token",
        "region": "region",
    }
    return {name: str(config.get(key, "")).strip() for name, key in keys.items()}


def _check_key(access_key_id: str, source: str, *, session: bool) -> None:
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


def _check_serial(serial_number: str) -> None:
    if ":u2f/" in serial_number or ":fido/" in serial_number or ":passkey/" in serial_number:
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
