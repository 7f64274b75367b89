"""AWS STS as Terraform on a worker sees it: it hands out the sessions that the kernel has sent, and no others.

A configuration says which role its provider assumes. On a worker, Terraform has no credentials that could: its
AssumeRole is answered here, on the loopback interface, with the session that the kernel has assumed before, if it asks
for that role with the same arguments. Thus the configuration, and the plan, stay what they are on the person's machine.
"""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from tfmfa_nb.authentication.aws_client import sts_client
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.model.redaction import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tfmfa_nb.remote.sealed_jobs import RoleSession

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_LARGEST = 64 << 10  # bytes of a request
_MOST = 32  # connections at once
_MEMBER = re.compile(r"(\w+)\.member\.(\d+)(?:\.(\w+))?")
# What a provider may ask otherwise than the kernel did: under what name, and for how long.
_FREE = {"Action", "Version", "RoleSessionName", "DurationSeconds"}


@contextmanager
def role_endpoint(roles: Sequence[RoleSession], region: str, url: str) -> Iterator[str]:
    """Answer on the loopback interface, until the end; the URL, whose path nobody else can guess.

    Args:
        roles: the sessions.
        region: where AWS is asked whose a session is; "" for none.
        url: the same, of an endpoint that is named; "" for AWS's own.
    """
    path = f"/{secrets.token_urlsafe(32)}/"
    server = _Server(roles, Endpoint(region or None, url or None), path)
    thread = Thread(target=server.serve_forever, name="tfmfa-roles", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{path.rstrip('/')}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # So that no other user of the machine, who cannot know the path, fills it with connections.
    request_queue_size = _MOST

    def __init__(self, roles: Sequence[RoleSession], endpoint: Endpoint, path: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.roles, self.endpoint, self.path = roles, endpoint, path
        self._room = BoundedSemaphore(_MOST)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; whoever comes while too many are answered is turned away, and asks again."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Make room when it is answered."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a traceback could show a session."""

    def answer(self, asked: Mapping[str, str], authorization: str) -> tuple[int, str]:
        """The HTTP status and the document for a request."""
        match asked.get("Action"):
            case "AssumeRole":
                role = asked.get("RoleArn", "")
                match self._sessions_for(asked):
                    case [found]:
                        return 200, _assumed(found, asked)
                    case []:
                        return 403, _refused(
                            f"The kernel has sent no session of {role} with these arguments: only roles that it has "
                            "checked can be assumed on a worker."
                        )
                return 403, _refused(
                    f"The kernel has sent several sessions of {role}, which other roles have assumed: a worker cannot "
                    "tell which one is meant."
                )
            case "GetCallerIdentity":
                return self._identity(authorization)
        return 403, _refused("Only AssumeRole and GetCallerIdentity are answered on a worker.")

    def _sessions_for(self, asked: Mapping[str, str]) -> list[RoleSession]:
        """The sessions whose last role is asked for, or else those that have it on the way there."""
        arguments = _members({name: value for name, value in asked.items() if name not in _FREE})
        last = [role for role in self.roles if _arguments(role.hops[-1]) == arguments]
        # A step of a chain: Terraform needs some session to ask for the next one with.
        return last or [role for role in self.roles if arguments in map(_arguments, role.hops[:-1])][:1]

    def _identity(self, authorization: str) -> tuple[int, str]:
        for role in self.roles:
            key, secret, token = role.credentials
            if f"Credential={key}/" in authorization:
                found = sts_client(key, Secret(secret), Secret(token), self.endpoint).get_caller_identity()
                inner = "".join(f"<{name}>{escape(found[name])}</{name}>" for name in ("Arn", "UserId", "Account"))
                return 200, _document("GetCallerIdentity", inner)
        return 403, _refused("The session is not one that the kernel has sent.")


class _Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds for whatever is to come

    def do_POST(self) -> None:
        """Answer a request."""
        server = cast("_Server", self.server)
        length = int(self.headers.get("Content-Length") or 0)
        if not secrets.compare_digest(f"{self.path.rstrip('/')}/", server.path) or not 0 < length <= _LARGEST:
            self.send_error(404)
            return
        asked = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
        status, document = server.answer(asked, self.headers.get("Authorization", ""))
        content = document.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing of it on the worker's standard error."""


def _arguments(hop: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of AssumeRole that count, as `_members` returns them."""
    return {
        name: sorted(map(_item, value)) if isinstance(value, list) else str(value)
        for name, value in hop.items()
        if name not in _FREE and value != []
    }


def _members(flat: Mapping[str, str]) -> dict[str, Any]:
    """The same from AWS's query protocol: "Tags.member.1.Key" and the like become a list, whose order does not count.

    Terraform has them in maps and sets, and sends them in an order of its own.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    members: dict[str, dict[str, dict[str, str]]] = {}
    found: dict[str, Any] = {}
    for name, value in flat.items():
        if match := _MEMBER.fullmatch(name):
            members.setdefault(match[1], {}).setdefault(match[2], {})[match[3] or ""] = value
        else:
            found[name] = value
    return {**found, **{name: sorted(map(_item, each.values())) for name, each in members.items()}}


def _item(item: object) -> list[tuple[str, str]]:
    inner = item if isinstance(item, dict) else {"": item}
    return sorted((str(name), str(text)) for name, text in inner.items())


def _assumed(role: RoleSession, asked: Mapping[str, str]) -> str:
    arn = asked["RoleArn"]
    partition, account, name = arn.split(":")[1], arn.split(":")[4], arn.rpartition("/")[2]
    session = asked.get("RoleSessionName", "")
    who = f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}"
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    values = (*role.credentials, role.expiration)
    inner = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in zip(names, values, strict=True))
    user = f"<Arn>{escape(who)}</Arn><AssumedRoleId>AROA:{escape(session)}</AssumedRoleId>"
    return _document("AssumeRole", f"<Credentials>{inner}</Credentials><AssumedRoleUser>{user}</AssumedRoleUser>")


def _document(action: str, inner: str) -> str:
    return (
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{inner}</{action}Result>'
        f"<ResponseMetadata><RequestId>{secrets.token_hex(16)}</RequestId></ResponseMetadata></{action}Response>"
    )


def _refused(reason: str) -> str:
    return (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>AccessDenied</Code>'
        f"<Message>{escape(reason)}</Message></Error></ErrorResponse>"
    )
