"""Organization variables: the user's own long-term key and MFA device, and the STS endpoint to use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.organization.aws_config import settings_without_credentials
from tfmfa_nb.organization.aws_profiles import AwsProfile
from tfmfa_nb.organization.variable_sources import default_sources, describe_source, resolve
from tfmfa_nb.organization.variable_values import (
    SERIAL,
    refuse_swapped,
    shown_access_key_id,
    validate_access_key_id,
    validate_serial_number,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.organization.variable_sources import ResolvedVariables, Source

_ARN_PARTS = 6
_DEFAULT_REGIONS = {
    "aws": "us-east-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-cn": "cn-north-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-eusc": "eusc-de-east-1",
}


class OrganizationVariables:
    """One user's variables; repr() hides the secret, and pickling fails.

    Attributes:
        source: source of the key, in words.
        endpoint: STS endpoint to call.
        profile_roles: ARNs of the roles that the AWS profile of the key names, and that are not assumed for it.
    """

    __slots__ = ("access_key_id", "endpoint", "profile_roles", "secret_access_key", "serial_number", "source")

    def __init__(
        self,
        access_key_id: str,
        secret_access_key: Secret,
        serial_number: str,
        source: str,
        endpoint: Endpoint,
        *,
        profile_roles: tuple[str, ...] = (),
    ) -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.serial_number = serial_number
        self.source = source
        self.endpoint = endpoint
        self.profile_roles = profile_roles

    def note_on_roles(self, assumed: Collection[str | None] = ()) -> str:
        """A sentence about the roles of the AWS profile that Terraform does not assume; "" if it assumes them all.

        Args:
            assumed: ARNs of the roles in the configuration's assume_role blocks.
        """
        left = [role for role in self.profile_roles if role not in assumed]
        if not left:
            return ""
        return (
            f"The AWS profile names {', then '.join(left)}, which only an assume_role block of the provider assumes: "
            "add one, if Terraform is to act with that role."
        )

    def forget(self) -> None:
        """Drop the secret."""
        self.secret_access_key.forget()

    def __repr__(self) -> str:
        source = describe_source(self.source)
        key = shown_access_key_id(self.access_key_id)
        return f"OrganizationVariables({key}, {self.serial_number}, from {source})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("OrganizationVariables cannot be pickled or copied")


def read_variables(
    environ: Mapping[str, str], profile: str = "", sources: Sequence[Source] | None = None, region: str = ""
) -> OrganizationVariables:
    """The variables, from this kernel's memory, the process environment, the OS keychain, or the AWS profile.

    Args:
        environ: process environment.
        profile: name of the AWS profile; "" for the one that `environ` selects, if it selects one.
        sources: sources to use instead, in order.
        region: Region of the STS endpoint if no setting names one; "" for the partition's first.

    Returns:
        The variables, with a copy of the secret that can be forgotten without losing the original.

    Raises:
        ConfigurationError: a variable is missing, or of a kind that STS does not accept.
    """
    try:
        return _read(environ, profile, default_sources(environ, profile) if sources is None else sources, region)
    except ConfigurationError as error:
        problem = ConfigurationError(error.problem, error.remedy)
    del environ, sources  # the error's frame must not hold the secret
    raise problem


def _read(environ: Mapping[str, str], profile: str, sources: Sequence[Source], region: str) -> OrganizationVariables:
    resolved = resolve(sources)
    require_usable(resolved)
    values, serial_number = resolved.values, resolved.serial_number
    return OrganizationVariables(
        values.access_key_id,
        values.secret_access_key.duplicate(),
        serial_number,
        resolved.key_source,
        endpoint_of(environ, serial_number, region=values.region, profile=profile, fallback=region),
        profile_roles=values.roles,
    )


def account_of_device(environ: Mapping[str, str], profile: str = "") -> tuple[str, str]:
    """The account and the partition of the MFA device, which are the key's and the session's too; "" if not known.

    Args:
        environ: process environment.
        profile: name of the AWS profile; "" for the one that `environ` selects, if it selects one.
    """
    try:
        serial_number = resolve(default_sources(environ, profile)).serial_number
    except ConfigurationError:
        return "", ""
    parts = serial_number.split(":")
    return (parts[4], parts[1]) if len(parts) == _ARN_PARTS else ("", "")


def require_usable(resolved: ResolvedVariables) -> None:
    """Reject variables for which STS issues no MFA session.

    Raises:
        ConfigurationError: a variable is missing, or of a kind that STS does not accept.
    """
    values, source = resolved.values, resolved.key_source
    if values.session:  # whatever else is missing: with it, AWS would refuse these credentials all the same
        validate_access_key_id(values.access_key_id, source, session=True)
    missing = resolved.missing()
    if values.access_key_id and isinstance(resolved.source, AwsProfile):  # there, the device has another name
        missing = tuple("mfa_serial" if name == SERIAL else name for name in missing)
    if missing:
        names = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        be = "is" if len(missing) == 1 else "are"
        raise ConfigurationError(f"{names} {be} missing from {describe_source(source)}.", resolved.source.remedy)
    refuse_swapped(values, source)
    validate_access_key_id(values.access_key_id, source, session=values.session)
    validate_serial_number(resolved.serial_number)


def endpoint_of(
    environ: Mapping[str, str], serial_number: str, *, region: str = "", profile: str = "", fallback: str = ""
) -> Endpoint:
    """The STS endpoint to call. It is always a Region's: sessions of the global one fail in opt-in Regions.

    The Region and the URL are determined like Terraform's provider does (boto3 ignores AWS_REGION).

    Args:
        environ: process environment.
        serial_number: ARN or serial number of the MFA device, which names the partition.
        region: Region from the source of the key; "" for none.
        profile: AWS profile whose settings apply; "" for the one that the AWS SDK uses.
        fallback: Region if no setting names one, such as a provider's; "" for the partition's first.
    """
    partition = serial_number.partition("arn:")[2].partition(":")[0]
    # Variables take precedence over the file, and an empty one counts as unset.
    settings = settings_without_credentials(environ, profile)
    settings |= {name: value.strip() for name, value in environ.items() if name.startswith("AWS_") and value.strip()}
    own = environ.get("AWS_REGION", "").strip() or environ.get("AWS_DEFAULT_REGION", "").strip() or region
    url = settings.get("AWS_ENDPOINT_URL_STS") or settings.get("AWS_ENDPOINT_URL")
    if settings.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        url = None
    return Endpoint(
        own or settings.get("AWS_REGION") or fallback or _DEFAULT_REGIONS.get(partition, _DEFAULT_REGIONS["aws"]),
        url or None,
    )
