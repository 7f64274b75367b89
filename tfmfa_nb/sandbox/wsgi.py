"""The strict core in front of moto's server, and the door for whoever holds the sandbox."""

from __future__ import annotations

import io
import json
import secrets
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse
from tfmfa_nb.sandbox.callers import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tfmfa_nb.sandbox.strict_aws import StrictAws

ADMIN_PATH = "/_sandbox/"


class StrictMiddleware:
    """WSGI: answers what AWS would refuse, and STS altogether; hands the rest on.

    Args:
        aws: the core.
        inner: moto's application.
        token: what a request for the sandbox itself must bring.
    """

    def __init__(self, aws: StrictAws, inner: Callable[..., Iterable[bytes]], token: str) -> None:
        self._aws, self._inner, self._token = aws, inner, token

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        body = _body(environ)
        request = _request(environ, body)
        path = environ.get("PATH_INFO", "")
        answer = self._admin(path, request) if path.startswith(ADMIN_PATH) else self._aws.answer(request)
        if answer is None:
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = ACCOUNT
            return self._inner(environ, start_response)
        if answer.reset:
            connection: socket.socket = environ["werkzeug.socket"]
            connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("a fault that was asked for")  # the server takes it for a client that left
        time.sleep(answer.seconds)
        start_response(
            f"{answer.status} {'OK' if answer.status < 400 else 'Error'}",  # noqa: PLR2004
            [*answer.headers.items(), ("Content-Length", str(len(answer.body)))],
        )
        return [answer.body]

    def _admin(self, path: str, request: AwsRequest) -> AwsResponse:
        given = request.headers.get("x-sandbox-token", "").encode()
        if not secrets.compare_digest(given, self._token.encode()):
            return _json(403, {"error": "The sandbox's own token is missing."})
        what = path.removeprefix(ADMIN_PATH)
        try:
            return _json(200, self._act(what, dict(parse_qsl(request.query))))
        except KeyError as error:
            return _json(400, {"error": f"The sandbox lacks {error} for {what!r}."})
        except ValueError as error:
            return _json(400, {"error": str(error)})

    def _act(self, what: str, given: dict[str, str]) -> Any:
        aws = self._aws
        match what:
            case "code":
                code, wait = aws.devices.next_code(given["serial_number"])
                return {"code": code, "wait": wait}
            case "calls":
                return list(aws.calls)
            case "advance":
                aws.advance(float(given["seconds"]))
            case "skew":
                aws.skew(float(given["seconds"]))
            case "expire":
                aws.expire()
            case "fault":
                aws.faults.seconds = float(given.get("seconds", aws.faults.seconds))
                aws.faults.plan(given["kind"], int(given.get("times", "1")))
            case _:
                raise ValueError(f"The sandbox knows no {what!r}.")
        return {}


def _json(status: int, content: Any) -> AwsResponse:
    return AwsResponse(status, {"content-type": "application/json"}, json.dumps(content).encode())


def _body(environ: dict[str, Any]) -> bytes:
    """The body, read here and put back for whoever comes next."""
    length = environ.get("CONTENT_LENGTH")
    if length:
        body: bytes = environ["wsgi.input"].read(int(length))
    elif environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
    else:
        body = b""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return body


def _request(environ: dict[str, Any], body: bytes) -> AwsRequest:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    path, _, query = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "/").partition("?")
    return AwsRequest(environ["REQUEST_METHOD"], path, query, headers, body)
