"""Where the trail's lines go besides the trail, so that nobody on this machine can take them back.

| sink | how a line gets there |
|---|---|
| `journald` | a datagram of its native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/) |
| `syslog` | a datagram of the facility authpriv (https://datatracker.ietf.org/doc/html/rfc3164) |
| `https://…` | the body of a POST; any status but 2xx counts as refused, and redirects are not followed |
| `command:…` | a line on the command's standard input; any exit code but 0 counts as refused |
"""

from __future__ import annotations

import shlex
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from tfmfa_nb.model.version import __version__
from tfmfa_nb.organization.policy_audit import COMMAND, JOURNALD, SYSLOG
from tfmfa_nb.runs.audit.child import run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Send: TypeAlias = "Callable[[bytes, float], None]"
"""Sends one line within a number of seconds; an OSError, HTTPException, or ValueError says why it was not received."""
SOCKETS = {JOURNALD: "/run/systemd/journal/socket", SYSLOG: "/dev/log"}
"""The sockets of the system's own logs."""
SECONDS = 10.0
"""How long a run waits for its sinks, together."""
_NAME = "tfmfa_nb"
_MAX_REASON = 200  # characters
_SYSTEM: Mapping[str, Path] = MappingProxyType({})
_PRIORITY = 10 * 8 + 5  # facility authpriv, severity notice


def deliver(
    pending: Mapping[str, Sequence[bytes]],
    authorities: Mapping[str, Path] = _SYSTEM,
    seconds: float = SECONDS,
    sender: Callable[[str, Path | None], Send] | None = None,
) -> dict[str, tuple[int, str]]:
    """Send lines to sinks, to all at the same time, and to each in order.

    Args:
        pending: the lines by sink, without line ends.
        authorities: by sink, the file with the certificate authorities that vouch for it; the system's own vouch for
            any other.
        seconds: time limit for all of it.
        sender: what sends a line to a sink, for which these authorities vouch; None for `sender_of`.

    Returns:
        By each sink that did not receive all of its lines: how many it has received, and why no more.
    """
    deadline = time.monotonic() + seconds
    deliveries = [
        _Delivery(sink, lines, (sender or sender_of)(sink, authorities.get(sink)), deadline)
        for sink, lines in pending.items()
    ]
    for delivery in deliveries:
        delivery.thread.start()
    for delivery in deliveries:
        delivery.thread.join(max(0.0, deadline - time.monotonic()))
    return {each.sink: (each.received, each.reason or _late(seconds)) for each in deliveries if not each.done}


def name_of(sink: str) -> str:
    """The sink as errors name it: without the query of a URL, which may contain a token."""
    parts = urlsplit(sink)
    return f"https://{parts.netloc}{parts.path}" if parts.scheme == "https" else sink


class _Delivery:
    """The delivery to one sink, in a thread that nobody waits for longer than the time limit."""

    def __init__(self, sink: str, lines: Sequence[bytes], send: Send, deadline: float) -> None:
        self.sink, self._lines, self._send, self._deadline = sink, lines, send, deadline
        self.received, self.reason = 0, ""
        self.thread = threading.Thread(target=self._run, name=f"audit sink {name_of(sink)}", daemon=True)

    @property
    def done(self) -> bool:
        return self.received == len(self._lines)

    def _run(self) -> None:
        try:
            for line in self._lines:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    return
                self._send(line, left)
                self.received += 1
        except (OSError, HTTPException, ValueError) as error:  # urllib's own errors are an OSError too
            self.reason = _reason(error)


def sender_of(sink: str, authorities: Path | None) -> Send:
    """What sends a line to this sink, for which these authorities vouch; None for the system's own."""
    if sink == JOURNALD:
        fields = f"SYSLOG_IDENTIFIER={_NAME}\nPRIORITY={_PRIORITY % 8}\nMESSAGE=".encode()
        return lambda line, seconds: _send_datagram(SOCKETS[JOURNALD], fields + line + b"\n", seconds)
    if sink == SYSLOG:
        return lambda line, seconds: _send_datagram(SOCKETS[SYSLOG], f"<{_PRIORITY}>{_NAME}: ".encode() + line, seconds)
    if sink.startswith(COMMAND):
        return lambda line, seconds: _run_command(shlex.split(sink.removeprefix(COMMAND)), line, seconds)
    return lambda line, seconds: post(sink, line + b"\n", authorities, seconds)


def _send_datagram(path: str, content: bytes, seconds: float) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.settimeout(seconds)
        client.connect(path)
        client.sendall(content)


def _run_command(argv: Sequence[str], line: bytes, seconds: float) -> None:
    code, _, said = run_program(argv, line + b"\n", seconds)
    if code:
        raise OSError(f"exit code {code}{f': {said}' if said else ''}")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could lead to a server that the policy does not name, or to plain http."""

    def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
        return None


def _tls(authorities: Path | None) -> ssl.SSLContext:
    """Trusts these authorities only, or else the system's own: a cell can set SSL_CERT_FILE, and a proxy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authorities is not None:
        context.load_verify_locations(authorities)
        return context
    built_in = ssl.get_default_verify_paths()  # where OpenSSL looks by itself
    file, folder = Path(built_in.openssl_cafile), Path(built_in.openssl_capath)
    if file.is_file():
        context.load_verify_locations(cafile=file)
    if folder.is_dir():
        context.load_verify_locations(capath=folder)
    return context


def post(
    url: str, body: bytes, authorities: Path | None, seconds: float, more: Mapping[str, str] = MappingProxyType({})
) -> None:
    """POST a JSON text.

    Args:
        url: an https URL.
        body: the text.
        authorities: file with the certificate authorities that vouch for the host; None for the system's own.
        seconds: time limit.
        more: further headers.

    Raises:
        OSError: there is no connection, or the status is not 2xx; a redirect is not followed.
        HTTPException: the answer is not HTTP.
    """
    headers = {"Content-Type": "application/json", "User-Agent": f"{_NAME}/{__version__}", **more}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - https, as the policy's parser demands
    handlers = (_NoRedirects, urllib.request.HTTPSHandler(context=_tls(authorities)))
    with urllib.request.build_opener(*handlers).open(request, timeout=seconds):
        pass  # any status but 2xx is an error


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    text = str(error.reason) if isinstance(error, urllib.error.URLError) else getattr(error, "strerror", "")
    # A server or a command may have written it.
    return " ".join(str(text or error).split())[:_MAX_REASON]


def _late(seconds: float) -> str:
    return f"no answer within {seconds:g} seconds"
