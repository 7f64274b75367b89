"""The only way to call AWS: explicit credentials, short timeouts, and no retry that could use up a code."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from random import random
from typing import TYPE_CHECKING, Any, TypeVar

from tfmfa_nb.authentication.aws_endpoints import keep_to, sdk_session, sts_url
from tfmfa_nb.authentication.aws_errors import diagnose
from tfmfa_nb.authentication.refusal import Refusal, RefusalKind, Refused
from tfmfa_nb.model.redaction import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tfmfa_nb.model.identity import Endpoint

T = TypeVar("T")
_client_creation = threading.Lock()
_CONCURRENT_CALLS = 100  # asyncio's default pool has only six threads on two cores
_THREAD = "tfmfa-sts"
_DEFAULT_REGION = "us-east-1"  # for services without a global endpoint
_CONNECT_TIMEOUT, _READ_TIMEOUT = 5.0, 15.0  # seconds
_RETRY_DELAYS = (0.3, 1.0)  # seconds before each retry, and up to half as much more: many must not come at once
_RETRY_WITHIN = 3.0  # seconds; what has taken longer is told, rather than waited for three times
# The request did not reach AWS, or AWS did not act on it.
_WITHOUT_EFFECT = {RefusalKind.UNREACHABLE, RefusalKind.THROTTLED, RefusalKind.UNAVAILABLE}
# A call without an MFA code can safely be made twice.
_WITHOUT_CODE = _WITHOUT_EFFECT | {RefusalKind.UNANSWERED, RefusalKind.SERVICE}


@cache
def _factory() -> Any:
    """The session that creates all clients; shared, because loading the service descriptions takes longest."""
    return sdk_session(profile=None)


def reset_client_factory() -> None:
    """Create further clients from a new session: one created before moto was loaded would call the real AWS."""
    _factory.cache_clear()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_CONCURRENT_CALLS, _THREAD)


def sts_client(access_key_id: Secret | str, secret: Secret, session_token: Secret | None, endpoint: Endpoint) -> Any:
    """An STS client that uses these credentials and no others; thread-safe, like every boto3 client."""
    return aws_client("sts", access_key_id, secret, session_token, endpoint)


def aws_client(
    service: str, access_key_id: Secret | str, secret: Secret, session_token: Secret | None, endpoint: Endpoint
) -> Any:
    """A client for `service`, such as "iam", with the properties of `sts_client`."""
    with _client_creation:  # clients are thread-safe, but creating one is not
        client = client_of(
            _factory(),
            service,
            endpoint,
            aws_access_key_id=access_key_id if isinstance(access_key_id, str) else access_key_id.reveal(),
            aws_secret_access_key=secret.reveal(),
            aws_session_token=session_token.reveal() if session_token else None,
        )
        _suppress_debug_logs()
    return client


def client_of(session: Any, service: str, endpoint: Endpoint, **credentials: str | None) -> Any:
    """A client of a botocore session: one attempt, short timeouts, and no endpoint but the one that is meant.

    Args:
        session: the session; see `sdk_session`.
        service: "sts", "iam", ….
        endpoint: endpoint to call.
        credentials: the client's credentials, by botocore's names; none for those that the session finds.
    """
    from botocore.config import Config  # noqa: PLC0415

    url = sts_url(endpoint, session) if service == "sts" else endpoint.url
    # botocore does not combine an explicit URL with these settings, which sts_url has heeded.
    by_url = {"use_fips_endpoint": False, "use_dualstack_endpoint": False} if url else {}
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        max_pool_connections=_CONCURRENT_CALLS,
        ignore_configured_endpoint_urls=True,  # the endpoint is the one given
        **by_url,
    )
    region = endpoint.region or _DEFAULT_REGION
    client = session.create_client(service, region_name=region, endpoint_url=url, config=config, **credentials)
    if url:
        keep_to(client, url)
    return client


def credentials_of(response: dict[str, Any]) -> tuple[Secret, Secret, Secret, datetime]:
    """The access key ID, secret access key, session token, and expiration in an STS response.

    Raises:
        KeyError: the response contains no temporary credentials, so AWS did not send it.
    """
    credentials = response["Credentials"]
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
    if not credentials["AccessKeyId"].startswith("ASIA") or not credentials["SessionToken"]:
        raise KeyError("SessionToken")
    return (
        Secret(credentials["AccessKeyId"]),
        Secret(credentials["SecretAccessKey"]),
        Secret(credentials["SessionToken"]),
        credentials["Expiration"],
    )


def request_id_of(response: dict[str, Any]) -> str:
    """The ID that AWS gave the request, by which CloudTrail records it; "" if the response has none."""
    return str(response.get("ResponseMetadata", {}).get("RequestId", ""))


async def call_aws(
    send: Callable[[], T],
    endpoint: Endpoint,
    *,
    carries_code: bool = False,
    role_arn: str | None = None,
    once: bool = False,
) -> T:
    """Call AWS in a thread and retry only calls that cannot have had an effect.

    Args:
        send: sends the request and extracts the result from the response; may be called again.
        endpoint: endpoint that `send` calls, for the error's text.
        carries_code: True if the request carries an MFA code.
        role_arn: role that the request assumes, for the error's text.
        once: True to never retry, for results that are not worth waiting for.

    Raises:
        Refused: the call failed; the error holds no reference to the failed call.
    """
    retried = _WITHOUT_EFFECT if carries_code else _WITHOUT_CODE
    loop = asyncio.get_running_loop()
    begun = time.monotonic()
    for delay in (*(() if once else _RETRY_DELAYS), None):
        outcome = await loop.run_in_executor(_threads(), _attempt, send, endpoint, carries_code, role_arn)
        if not isinstance(outcome, Refusal):
            return outcome
        if delay is None or outcome.kind not in retried or time.monotonic() - begun > _RETRY_WITHIN:
            raise Refused(outcome)
        await asyncio.sleep(delay * (1 + random() / 2))  # noqa: S311 - no secret
    raise AssertionError("the last delay is None")


def _attempt(send: Callable[[], T], endpoint: Endpoint, carries_code: bool, role_arn: str | None) -> T | Refusal:  # noqa: FBT001
    """One attempt. The exception ends in this frame, because its own frames hold the keys and the code."""
    try:
        return send()
    except Exception as error:  # noqa: BLE001 - no exception's frames may leave this one
        return diagnose(error, endpoint=endpoint, carries_code=carries_code, role_arn=role_arn)


def _suppress_debug_logs() -> None:
    """Keep these threads' requests and responses out of the logs: at DEBUG, botocore logs codes and secrets."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in {"boto3", "botocore", "urllib3"}:
            logging.getLogger(name).addFilter(_is_safe)


def _is_safe(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG or not str(record.threadName).startswith(_THREAD)
