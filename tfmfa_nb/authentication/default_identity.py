"""The identity behind the credentials that Terraform finds by itself, where no code is asked for.

The AWS SDKs look for credentials in the same places: the process environment, profiles, IAM Identity Center,
containers, and instances (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_client import call_aws
from tfmfa_nb.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_REGION = "us-east-1"


async def identify_default(environ: Mapping[str, str]) -> Identity:
    """The owner of those credentials (STS GetCallerIdentity).

    Args:
        environ: process environment, for the profile and the Region.

    Raises:
        Refused: there are no credentials, or AWS does not accept them.
    """
    return await call_aws(lambda: _identify(environ))


def _identify(environ: Mapping[str, str]) -> Identity:
    from botocore.session import Session  # noqa: PLC0415 - slow to import

    session: Any = Session(profile=environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or None)
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or session.get_config_variable("region")
    keys = {
        "aws_access_key_id": environ.get("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": environ.get("AWS_SECRET_ACCESS_KEY"),
        "aws_session_token": environ.get("AWS_SESSION_TOKEN"),
    }
    given = {name: value for name, value in keys.items() if value} if keys["aws_access_key_id"] else {}
    url = environ.get("AWS_ENDPOINT_URL_STS") or environ.get("AWS_ENDPOINT_URL") or None
    client = session.create_client("sts", region_name=region or _DEFAULT_REGION, endpoint_url=url, **given)
    response = client.get_caller_identity()
    return Identity(account=response["Account"], arn=response["Arn"])
