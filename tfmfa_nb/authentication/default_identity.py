"""The identity behind the credentials that Terraform finds by itself, where no code is asked for.

The AWS SDKs look for credentials in the same places: the process environment, profiles, IAM Identity Center,
containers, and instances (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_client import call_aws, client_config
from tfmfa_nb.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.model.identity import Endpoint

_KEY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


async def identify_default(environ: Mapping[str, str], endpoint: Endpoint) -> Identity:
    """The owner of those credentials (STS GetCallerIdentity).

    Args:
        environ: process environment of Terraform, for a key and the profile.
        endpoint: endpoint to call.

    Raises:
        Refused: there are no credentials, or AWS does not accept them.
    """
    return await call_aws(lambda: _identify(environ, endpoint), endpoint)


def _identify(environ: Mapping[str, str], endpoint: Endpoint) -> Identity:
    from botocore.session import Session  # noqa: PLC0415 - slow to import

    session: Any = Session(profile=environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or None)
    given = {name.lower(): environ[name] for name in _KEY if environ.get(name)} if environ.get(_KEY[0]) else {}
    client = session.create_client(
        "sts", region_name=endpoint.region, endpoint_url=endpoint.url, config=client_config(), **given
    )
    response = client.get_caller_identity()
    return Identity(account=response["Account"], arn=response["Arn"])
