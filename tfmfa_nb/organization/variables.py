"""Organization variables: the person's own long-term key and MFA device, and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.organization.given import check_key, check_serial
from tfmfa_nb.organization.sources import origin, resolve, sources_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.organization.sources import Resolved, Source

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
        source: where the key was found, for the screen.
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

    def forget(self) -> None:
        """Let go of the secret."""
        self.secret_access_key.forget()

    def __repr__(self) -> str:
        return f"OrganizationVariables(…{self.access_key_id[-4:]}, {self.serial_number}, from {origin(self.source)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("OrganizationVariables are not pickled or copied")


def read_variables(
    environ: Mapping[str, str], profile: str = "", sources: Sequence[Source] | None = None
) -> OrganizationVariables:
    """The variables; a key typed for this kernel goes before the process environment, keychain and AWS profile.

    Args:
        environ: the process environment.
        profile: the profile's name; "" for none.
        sources: where to look instead, in order.

    Returns:
        The variables with a copy of the secret, which can be forgotten without the original.

    Raises:
        ConfigurationError: one is missing, or is not of a kind that STS takes.
    """
    try:
        return _read(environ, sources_of(environ, profile) if sources is None else sources)
    except ConfigurationError as error:
        found = ConfigurationError(error.problem, error.remedy)
    del environ, sources  # or the error's frame would show the secret
    raise found


def _read(environ: Mapping[str, str], sources: Sequence[Source]) -> OrganizationVariables:
    found = resolve(sources)
    check(found)
    given = found.given
    return OrganizationVariables(
        given.access_key_id,
        given.secret_access_key.duplicate(),
        found.serial_number,
        found.source.name,
        endpoint_of(environ, found.serial_number, given.region),
    )


def check(found: Resolved) -> None:
    """Refuse what a code cannot be asked for with.

    Raises:
        ConfigurationError: a variable is missing, or is not of a kind that STS takes.
    """
    given, source = found.given, found.source
    if missing := found.missing():
        raise ConfigurationError(f"{' and '.join(missing)} missing from {origin(source.name)}.", source.remedy)
    check_key(given.access_key_id, source.name, session=given.session)
    check_serial(found.serial_number)


def endpoint_of(environ: Mapping[str, str], serial_number: str, region: str = "") -> Endpoint:
    """Where STS is asked.

    The region is found as Terraform's provider finds it (boto3 ignores AWS_REGION); elsewhere than AWS where that
    is set. Without a region the global endpoint answers, which knows only the partition `aws`: the MFA device's ARN
    says which one it is.

    Args:
        environ: the process environment.
        serial_number: the MFA device.
        region: what stands beside the key.
    """
    given = {name: value.strip() for name, value in environ.items() if name.startswith("AWS_")}
    partition = serial_number.partition("arn:")[2].partition(":")[0]
    region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION") or region
    url = given.get("AWS_ENDPOINT_URL_STS") or given.get("AWS_ENDPOINT_URL")
    if given.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        url = None
    return Endpoint(region or _FIRST_REGION.get(partition), url or None)
