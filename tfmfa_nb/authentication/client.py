"""One way to call STS: explicit credentials, short timeouts, and no retry that could burn a code."""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.diagnosis import Refusal, RefusalKind, Refused, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.redaction import Secret
    from tfmfa_nb.words import Endpoint

_making = threading.Lock()
_PAUSES = (0.3, 1.0)  # seconds before each of our own retries
# Nothing of these reached AWS, or AWS did nothing with it.
_SAFE_TO_REPEAT = {RefusalKind.UNREACHABLE, RefusalKind.THROTTLED}


@cache
def _factory() -> Any:
    """Makes clients; shared, because reading the service's description costs more than all the rest."""
    from boto3 import Session  # noqa: PLC0415 - 0.2 s, so only when a code is asked for
    from botocore.session import get_session  # noqa: PLC0415

    # The person's AWS_PROFILE must not matter here, nor stop us by naming a profile that is not there.
    return Session(botocore_session=get_session({"profile": (None, None, None, None)}))


def sts_client(access_key_id: str, secret_access_key: Secret, session_token: Secret | None, endpoint: Endpoint) -> Any:
    """An STS client for these credentials and no others; thread-safe, as boto3's clients are."""
    from botocore.config import Config  # noqa: PLC0415

    with _making:  # clients are, the making of one is not
        return _factory().client(
            "sts",
            region_name=endpoint.region,
            endpoint_url=endpoint.url,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key.reveal(),
            aws_session_token=session_token.reveal() if session_token else None,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=5,
                read_timeout=15,
                max_pool_connections=50,
            ),
        )


async def call(make: Callable[[], dict[str, Any]], *, role_arn: str | None = None) -> dict[str, Any]:
    """Call AWS in a thread; repeat only what cannot have had an effect.

    Args:
        make: makes the call; it may be called again.
        role_arn: the role to be assumed, for the diagnosis.

    Raises:
        Refused: what is wrong; nothing of the failed call hangs on it.
    """
    for pause in (*_PAUSES, None):
        outcome = await asyncio.to_thread(_attempt, make, role_arn)
        if not isinstance(outcome, Refusal):
            return outcome
        if pause is None or outcome.kind not in _SAFE_TO_REPEAT or outcome.code_spent:
            raise Refused(outcome)
        await asyncio.sleep(pause)
    raise AssertionError("the last pause is None")


def _attempt(make: Callable[[], dict[str, Any]], role_arn: str | None) -> dict[str, Any] | Refusal:
    """One try. The exception ends in this frame: its own frames hold the keys and the code."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - whatever it is, its frames must not leave this one
        return diagnose(error, role_arn=role_arn)
