"""The WSGI application of the sandbox: the strict AWS in front of moto, and the control interface."""

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

CONTROL_PATH = "/_sandbox/"


class StrictMiddleware:
    """Answers the calls of STS, those that AWS would refuse, and the control interface; moto answers the others.

    Args:
        aws: the strict AWS.
        moto: moto's WSGI application.
        token: the secret that a request to the control interface must have.
    """

    def __init__(self, aws: StrictAws, moto: Callable[..., Iterable[bytes]], token: str) -> None:
        self._aws, self._moto, self._token = aws, moto, token

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        body = _body(environ)
        request = _request(environ, body)
        path = environ.get("PATH_INFO", "")
        response = self._control(path, request) if path.startswith(CONTROL_PATH) else self._aws.answer(request)
        if response is None:
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = ACCOUNT
            return self._moto(environ, start_response)
        if response.reset:
            connection: socket.socket = environ["werkzeug.socket"]
            connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("injected fault")  # which Werkzeug takes for a client that left
        time.sleep(response.seconds)
        start_response(
            f"{response.status} {'OK' if response.status < 400 else 'Error'}",  # noqa: PLR2004
            [*response.headers.items(), ("Content-Length", str(len(response.body)))],
        )
        return [response.body]

    def _control(self, path: str, request: AwsRequest) -> AwsResponse:
        token = request.headers.get("x-sandbox-token", "").encode()
        if not secrets.compare_digest(token, self._token.encode()):
            return _json(403, {"error": "The token of the sandbox is missing or wrong."})
        command = path.removeprefix(CONTROL_PATH)
        try:
            return _json(200, self._execute(command, dict(parse_qsl(request.query))))
        except KeyError as error:
            return _json(400, {"error": f"The sandbox command {command!r} requires the parameter {error}."})
        except ValueError as error:
            return _json(400, {"error": str(error)})

    def _execute(self, command: str, parameters: dict[str, str]) -> Any:
        aws = self._aws
        match command:
            case "code":
                code, wait = aws.devices.next_code(parameters["serial_number"])
                return {"code": code, "wait": wait}
            case "calls":
                return list(aws.calls)
            case "advance":
                aws.advance(float(parameters["seconds"]))
            case "skew":
                aws.skew(float(parameters["seconds"]))
            case "expire":
                aws.expire()
            case "fault":
                times, seconds = int(parameters["times"]), float(parameters["seconds"])
                aws.faults.inject(parameters["fault"], times, seconds, parameters.get("action", ""))
            case _:
                raise ValueError(f"The sandbox has no command {command!r}.")
        return {}


def _json(status: int, content: Any) -> AwsResponse:
    return AwsResponse(status, {"content-type": "application/json"}, json.dumps(content).encode())


def _body(environ: dict[str, Any]) -> bytes:
    """Read the body, and put it back for moto."""
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
