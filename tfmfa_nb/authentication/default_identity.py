"""The identity behind the credentials that Terraform finds by itself, where no code is asked for.

The AWS SDKs look for credentials in the same places: the process environment, profiles, IAM Identity Center,
containers, and instances (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.authentication.aws_client import call_aws, client_of
from tfmfa_nb.authentication.aws_endpoints import sdk_session
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
    return await call_aws(lambda: _identify(environ, endpoint))


def _identify(environ: Mapping[str, str], endpoint: Endpoint) -> Identity:
    session = sdk_session(profile=environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or None)
    given = {name.lower(): environ[name] for name in _KEY if environ.get(name)} if environ.get(_KEY[0]) else {}
    response = client_of(session, "sts", endpoint, **given).get_caller_identity()
    return Identity(account=response["Account"], arn=response["Arn"])
