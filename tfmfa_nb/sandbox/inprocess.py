"""The strict core in front of moto in this process, for unit tests: no server, no socket."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tfmfa_nb.authentication.client import start_anew
from tfmfa_nb.sandbox.aws_http import AwsRequest
from tfmfa_nb.sandbox.strict_aws import StrictAws

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 15.0  # seconds, as the package's own client has; a slower answer is not waited for here


@contextmanager
def strict_aws() -> Iterator[tuple[StrictAws, dict[str, str]]]:
    """boto3 in this process talks to a strict AWS.

    Yields:
        The core, and boto3's arguments for an administrator's client.
    """
    from botocore.exceptions import ConnectionClosedError, ReadTimeoutError  # noqa: PLC0415 - heavy
    from moto import mock_aws  # noqa: PLC0415
    from moto.core.botocore_stubber import BotocoreStubber  # noqa: PLC0415

    start_anew()
    admin = (f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
    aws = StrictAws(admin)
    plain = BotocoreStubber.process_request

    def strict(stubber: Any, prepared: Any) -> Any:
        body = prepared.body or b""
        parts = urlsplit(prepared.url)
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in prepared.headers.items()
        }
        headers.setdefault("host", parts.netloc)
        request = AwsRequest(
            prepared.method, parts.path or "/", parts.query, headers, body.encode() if isinstance(body, str) else body
        )
        answer = aws.answer(request)
        if answer is None:
            return plain(stubber, prepared)
        if answer.reset:
            raise ConnectionClosedError(endpoint_url=prepared.url)
        if answer.seconds > _PATIENCE:
            raise ReadTimeoutError(endpoint_url=prepared.url)
        return answer.status, answer.headers, answer.body

    with mock_aws():
        BotocoreStubber.process_request = strict  # type: ignore[assignment, method-assign]
        try:
            yield aws, {"aws_access_key_id": admin[0], "aws_secret_access_key": admin[1], "region_name": "eu-west-1"}
        finally:
            BotocoreStubber.process_request = plain  # type: ignore[method-assign]
