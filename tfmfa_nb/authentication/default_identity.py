"""The credentials that Terraform finds by itself, where no code is asked for, and the identity behind them.

The AWS SDKs look for credentials in the same places: the process environment, profiles, IAM Identity Center,
containers, and instances (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_client import call_aws, client_of
from tfmfa_nb.authentication.aws_endpoints import sdk_session
from tfmfa_nb.model.identity import Endpoint, Identity
from tfmfa_nb.model.redaction import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


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


async def default_credentials(environ: Mapping[str, str]) -> tuple[str, Secret, Secret] | None:
    """Those credentials, as they are now: access key ID, secret access key, and session token. None if there are none.

    The SDKs differ in what they read first, and in older names of variables that only some of them read, so another
    process might find others.

    Args:
        environ: process environment of Terraform, for a key and the profile.

    Raises:
        Refused: whoever has the credentials does not hand them out.
    """
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    return await call_aws(lambda: _find(environ), Endpoint(region or None, None))


def _find(environ: Mapping[str, str]) -> tuple[str, Secret, Secret] | None:
    if environ.get(_KEY[0]):
        return environ[_KEY[0]], Secret(environ.get(_KEY[1], "")), Secret(environ.get(_KEY[2], ""))
    credentials = _session(environ).get_credentials()
    if credentials is None:
        return None
    now = credentials.get_frozen_credentials()
    return now.access_key, Secret(now.secret_key), Secret(now.token or "")


def _session(environ: Mapping[str, str]) -> Any:
    return sdk_session(profile=environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or None)


def _identify(environ: Mapping[str, str], endpoint: Endpoint) -> Identity:
    given = {name.lower(): environ[name] for name in _KEY if environ.get(name)} if environ.get(_KEY[0]) else {}
    response = client_of(_session(environ), "sts", endpoint, **given).get_caller_identity()
    return Identity(account=response["Account"], arn=response["Arn"])
