"""AWS queries that use no MFA code: clock offset, MFA devices, account alias, and calls allowed without MFA."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_client import aws_client, call_aws
from tfmfa_nb.authentication.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.model.redaction import Secret

# Free, read-only calls that AWS denies to a user who may only assume roles.
_READ_ONLY_CALLS: tuple[tuple[str, str, str], ...] = (
    ("iam", "iam:ListRoles", "list_roles"),
    ("ssm", "ssm:DescribeParameters", "describe_parameters"),
    ("s3", "s3:ListAllMyBuckets", "list_buckets"),
)


async def aws_clock_offset(access_key_id: str, secret_access_key: Secret, *, endpoint: Endpoint) -> float:
    """Seconds by which AWS's clock is ahead of this machine's, accurate to about half a second.

    Raises:
        Refused: AWS cannot be reached or rejects the key.
    """

    def query() -> float:
        started = time.time()
        response = aws_client("sts", access_key_id, secret_access_key, None, endpoint).get_caller_identity()
        now = (started + time.time()) / 2
        date = response["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(date).timestamp() - now if date else 0.0

    return await call_aws(query, endpoint)


async def mfa_devices(
    access_key_id: str, secret_access_key: Secret, user: str, *, endpoint: Endpoint
) -> tuple[str, ...]:
    """Serial numbers of the user's MFA devices, passkeys included (iam:ListMFADevices).

    Args:
        access_key_id: ID of the user's long-term key.
        secret_access_key: secret of that key.
        user: name of the IAM user.
        endpoint: endpoint to call.

    Raises:
        Refused: the user is not allowed to list them.
    """

    def query() -> tuple[str, ...]:
        client = aws_client("iam", access_key_id, secret_access_key, None, endpoint)
        return tuple(device["SerialNumber"] for device in client.list_mfa_devices(UserName=user)["MFADevices"])

    return await call_aws(query, endpoint)


async def account_alias(access_key_id: str, secret_access_key: Secret, *, endpoint: Endpoint) -> str:
    """The account's alias; "" if the account has none or the user is not allowed to read it."""

    def query() -> str:
        client = aws_client("iam", access_key_id, secret_access_key, None, endpoint)
        return next(iter(client.list_account_aliases()["AccountAliases"]), "")

    try:
        return await call_aws(query, endpoint)
    except Refused:
        return ""


async def calls_allowed_without_mfa(
    access_key_id: str, secret_access_key: Secret, *, endpoint: Endpoint
) -> tuple[str, ...]:
    """Names of the read-only calls that succeed without MFA; a well-protected user has none."""

    def query(service: str, method: str) -> Callable[[], Any]:
        def send() -> Any:
            client = aws_client(service, access_key_id, secret_access_key, None, endpoint)
            return getattr(client, method)()

        return send

    outcomes = await asyncio.gather(
        *(_succeeds(query(service, method), endpoint) for service, _, method in _READ_ONLY_CALLS)
    )
    return tuple(name for (_, name, _), allowed in zip(_READ_ONLY_CALLS, outcomes, strict=True) if allowed)


async def _succeeds(send: Callable[[], Any], endpoint: Endpoint) -> bool:
    try:
        await call_aws(send, endpoint)
    except Refused:
        return False
    return True
