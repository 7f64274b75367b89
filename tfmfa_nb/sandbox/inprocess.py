"""The sandbox in this process, for unit tests: boto3's requests are answered without a server or a socket."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tfmfa_nb.authentication.aws_client import reset_client_factory
from tfmfa_nb.sandbox.aws_http import AwsRequest
from tfmfa_nb.sandbox.strict_aws import StrictAws

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ_TIMEOUT = 15.0  # seconds, like that of the package's own client; a slower response fails at once


@contextmanager
def strict_aws() -> Iterator[tuple[StrictAws, dict[str, str]]]:
    """Let boto3 in this process talk to a sandbox.

    Yields:
        The sandbox's AWS, and the arguments of boto3 for an administrator's client.
    """
    from botocore.exceptions import ConnectionClosedError, ReadTimeoutError  # noqa: PLC0415 - takes a second
    from moto import mock_aws  # noqa: PLC0415
    from moto.core.botocore_stubber import BotocoreStubber  # noqa: PLC0415

    reset_client_factory()
    admin = (f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
    aws = StrictAws(admin)
    original = BotocoreStubber.process_request

    def answer(stubber: Any, prepared: Any) -> Any:
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
        response = aws.answer(request)
        if response is None:
            return original(stubber, prepared)
        if response.reset:
            raise ConnectionClosedError(endpoint_url=prepared.url)
        if response.seconds > _READ_TIMEOUT:
            raise ReadTimeoutError(endpoint_url=prepared.url)
        return response.status, response.headers, response.body

    with mock_aws():
        BotocoreStubber.process_request = answer  # type: ignore[assignment, method-assign]
        try:
            yield aws, {"aws_access_key_id": admin[0], "aws_secret_access_key": admin[1], "region_name": "eu-west-1"}
        finally:
            BotocoreStubber.process_request = original  # type: ignore[method-assign]
