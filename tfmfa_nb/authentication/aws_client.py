"""One way to call AWS: explicit credentials, short timeouts, and no retry that could burn a code."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from tfmfa_nb.authentication.aws_errors import diagnose
from tfmfa_nb.authentication.refusal import Refusal, RefusalKind, Refused
from tfmfa_nb.model.redaction import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tfmfa_nb.model.identity import Endpoint

T = TypeVar("T")
_making = threading.Lock()
_AT_ONCE = 50  # calls; asyncio's own pool would have six threads on two cores
_THREAD = "tfmfa-sts"
_ANYWHERE = "us-east-1"  # for services that must be asked somewhere, where no region is set
_CONNECT, _READ = 5.0, 15.0  # seconds before it is given up
_PAUSES = (0.3, 1.0)  # seconds before each of our own retries
# Nothing of these reached AWS, or AWS did nothing with it.
_WITHOUT_EFFECT = {RefusalKind.UNREACHABLE, RefusalKind.THROTTLED, RefusalKind.UNAVAILABLE}
# Without a code, a call that is made twice does no harm.
_WITHOUT_CODE = _WITHOUT_EFFECT | {RefusalKind.UNANSWERED, RefusalKind.SERVICE}


@cache
def _factory() -> Any:
    """Makes clients; shared, because reading the service's description costs more than all the rest."""
    from boto3 import Session  # noqa: PLC0415 - 0.2 s, so only when a code is asked for
    from botocore.session import get_session  # noqa: PLC0415

    # The person's AWS_PROFILE must not matter here, nor stop us by naming a profile that is not there.
    return Session(botocore_session=get_session({"profile": (None, None, None, None)}))


def reset_client_factory() -> None:
    """Make further clients by a new maker: one from before moto was loaded would ask the real AWS."""
    _factory.cache_clear()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, _THREAD)


def sts_client(access_key_id: Secret | str, secret: Secret, session_token: Secret | None, endpoint: Endpoint) -> Any:
    """An STS client for these credentials and no others; thread-safe, as boto3's clients are."""
    return aws_client("sts", access_key_id, secret, session_token, endpoint)


def aws_client(
    service: str, access_key_id: Secret | str, secret: Secret, session_token: Secret | None, endpoint: Endpoint
) -> Any:
    """A client of `service` ("iam"), as `sts_client` is one."""
    from botocore.config import Config  # noqa: PLC0415

    with _making:  # clients are, the making of one is not
        client = _factory().client(
            service,
            region_name=endpoint.region or (None if service == "sts" else _ANYWHERE),
            endpoint_url=endpoint.url,
            aws_access_key_id=access_key_id if isinstance(access_key_id, str) else access_key_id.reveal(),
            aws_secret_access_key=secret.reveal(),
            aws_session_token=session_token.reveal() if session_token else None,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=_CONNECT,
                read_timeout=_READ,
                max_pool_connections=_AT_ONCE,
            ),
        )
        _hush()
    return client


def credentials_of(answer: dict[str, Any]) -> tuple[Secret, Secret, Secret, datetime]:
    """The access key id, secret, token and end of the credentials in AWS's answer.

    Raises:
        KeyError: there are none in it.
    """
    given = answer["Credentials"]
    return (
        Secret(given["AccessKeyId"]),
        Secret(given["SecretAccessKey"]),
        Secret(given["SessionToken"]),
        given["Expiration"],
    )


async def call(
    make: Callable[[], T], *, carries_code: bool = False, role_arn: str | None = None, once: bool = False
) -> T:
    """Call AWS in a thread; repeat only what cannot have had an effect.

    Args:
        make: makes the call and takes out of the answer what is wanted; it may be called again.
        carries_code: whether the call carries a code.
        role_arn: the role to be assumed, for the diagnosis.
        once: do not repeat it at all: the answer is welcome, and not worth waiting for.

    Raises:
        Refused: what is wrong; nothing of the failed call hangs on it.
    """
    repeated = _WITHOUT_EFFECT if carries_code else _WITHOUT_CODE
    loop = asyncio.get_running_loop()
    for pause in (*(() if once else _PAUSES), None):
        outcome = await loop.run_in_executor(_threads(), _attempt, make, carries_code, role_arn)
        if not isinstance(outcome, Refusal):
            return outcome
        if pause is None or outcome.kind not in repeated:
            raise Refused(outcome)
        await asyncio.sleep(pause)
    raise AssertionError("the last pause is None")


def _attempt(make: Callable[[], T], carries_code: bool, role_arn: str | None) -> T | Refusal:  # noqa: FBT001
    """One try. The exception ends in this frame: its own frames hold the keys and the code."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - whatever it is, its frames must not leave this one
        return diagnose(error, carries_code=carries_code, role_arn=role_arn)


def _hush() -> None:
    """Keep what these threads send and receive out of the logs: at DEBUG, botocore writes down code and secrets."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in {"boto3", "botocore", "urllib3"}:
            logging.getLogger(name).addFilter(_harmless)


def _harmless(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG or not str(record.threadName).startswith(_THREAD)
