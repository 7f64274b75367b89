"""Questions to AWS that spend no code: its clock, whose devices there are, and what long-term keys can do alone."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_client import aws_client, call
from tfmfa_nb.authentication.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.model.redaction import Secret

# Reads that change nothing, cost nothing, and that a user who may only assume roles is refused.
_HARMLESS: tuple[tuple[str, str, str], ...] = (
    ("iam", "iam:ListRoles", "list_roles"),
    ("ssm", "ssm:DescribeParameters", "describe_parameters"),
    ("s3", "s3:ListAllMyBuckets", "list_buckets"),
)


async def aws_clock_offset(access_key_id: str, secret_access_key: Secret, *, endpoint: Endpoint) -> float:
    """How many seconds AWS's clock is ahead of this machine's; half a second is what can be told.

    Raises:
        Refused: AWS cannot be asked.
    """

    def ask() -> float:
        began = time.time()
        answer = aws_client("sts", access_key_id, secret_access_key, None, endpoint).get_caller_identity()
        now = (began + time.time()) / 2
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(date).timestamp() - now if date else 0.0

    return await call(ask)


async def mfa_devices(
    access_key_id: str, secret_access_key: Secret, user: str, *, endpoint: Endpoint
) -> tuple[str, ...]:
    """The serial numbers of the user's own MFA devices (iam:ListMFADevices), passkeys included.

    Args:
        access_key_id: the user's long-term key.
        secret_access_key: its secret.
        user: the IAM user's name.
        endpoint: where to ask.

    Raises:
        Refused: the user may not look at them.
    """

    def ask() -> tuple[str, ...]:
        client = aws_client("iam", access_key_id, secret_access_key, None, endpoint)
        return tuple(device["SerialNumber"] for device in client.list_mfa_devices(UserName=user)["MFADevices"])

    return await call(ask)


async def account_alias(access_key_id: str, secret_access_key: Secret, *, endpoint: Endpoint) -> str:
    """The account's alias; "" where it has none, or the user may not read it."""

    def ask() -> str:
        client = aws_client("iam", access_key_id, secret_access_key, None, endpoint)
        return next(iter(client.list_account_aliases()["AccountAliases"]), "")

    try:
        return await call(ask)
    except Refused:
        return ""


async def calls_allowed_without_mfa(
    access_key_id: str, secret_access_key: Secret, *, endpoint: Endpoint
) -> tuple[str, ...]:
    """Which of a few harmless reads the keys can do without MFA; none is how it should be."""

    def ask(service: str, method: str) -> Callable[[], Any]:
        def make() -> Any:
            client = aws_client(service, access_key_id, secret_access_key, None, endpoint)
            return getattr(client, method)()

        return make

    answers = await asyncio.gather(*(_succeeds(ask(service, method)) for service, _, method in _HARMLESS))
    return tuple(name for (_, name, _), good in zip(_HARMLESS, answers, strict=True) if good)


async def _succeeds(make: Callable[[], Any]) -> bool:
    try:
        await call(make)
    except Refused:
        return False
    return True
