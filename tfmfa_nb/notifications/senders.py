"""How a notification gets to its target: a command, a signed webhook, or Apprise."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import time
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.keychain import Keychain
from tfmfa_nb.organization.policy_audit import COMMAND
from tfmfa_nb.organization.policy_notifications import APPRISE
from tfmfa_nb.runs.audit.sinks import post, sender_of

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.runs.audit.sinks import Send

_PREFIX = "whsec_"
_SHORTEST = 24  # bytes of a key, as Standard Webhooks demands
_TITLE = "Terraform under MFA"


def notification_sender(target: str, key: str, authorities: Path | None) -> Send:
    """What sends a notice's JSON to a target; whatever is slow or secret, it looks up in its own thread.

    Args:
        target: see `NotificationRule.to`.
        key: name of the secret that signs what a webhook gets.
        authorities: see `NotificationRule.authorities`.
    """
    if target.startswith(COMMAND):
        return sender_of(target, None)
    if target.startswith(APPRISE):
        return lambda body, _: _apprise(target.removeprefix(APPRISE), body)
    return lambda body, seconds: post(target, body, authorities, seconds, _signature(key, body))


def signature(key: Secret, message: str, seconds: int, body: bytes) -> dict[str, str]:
    """The headers that prove who sent `body`, and when (https://www.standardwebhooks.com).

    Args:
        key: "whsec_" and the base64 of at least 24 bytes.
        message: ID of the message.
        seconds: the time, since the epoch.
        body: what is sent.

    Raises:
        ValueError: the key does not have this form.
    """
    try:
        raw = base64.b64decode(key.reveal().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) < _SHORTEST or not key.reveal().startswith(_PREFIX):
        raise ValueError(f'its key is not "{_PREFIX}" and the base64 of {_SHORTEST} bytes or more')
    digest = hmac.digest(raw, f"{message}.{seconds}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _signature(name: str, body: bytes) -> dict[str, str]:
    return signature(_secret(name), json.loads(body)["id"], int(time.time()), body)


def _apprise(name: str, body: bytes) -> None:
    """Send the notice's line by the services of Apprise.

    Raises:
        OSError: it is not installed, or the service did not receive the line.
        ValueError: the secret is not a URL of Apprise's.
    """
    try:
        import apprise  # noqa: PLC0415 - optional, and slow
    except ImportError:
        raise OSError("Apprise is not installed (pip install 'tfmfa-nb[notifications]')") from None
    # What a stranger named stays text: no service takes it for Markdown or HTML, or for an escape sequence.
    text, plain = json.loads(body)["text"], apprise.NotifyFormat.TEXT
    secret, received = _secret(name), False
    try:
        service = apprise.Apprise()
        if known := service.add(secret.reveal()):
            received = bool(service.notify(body=text, title=_TITLE, body_format=plain, interpret_escapes=False))
    except Exception as error:  # noqa: BLE001 - its services are plugins and may raise anything, with the URL in it
        raise OSError(f"Apprise failed ({type(error).__name__})") from None
    if not known:
        raise ValueError(f"{name} is not a URL of Apprise's")
    if not received:
        raise OSError("the service did not receive it")


def _secret(name: str) -> Secret:
    """The secret with this name.

    Raises:
        OSError: there is none, or the keychain is locked.
    """
    if not name:
        raise OSError("no key is named that would sign what it gets")
    try:
        found = Secret(os.environ[name]) if os.environ.get(name) else Keychain().named(name)
    except ConfigurationError as error:
        raise OSError(error.problem) from None
    if not found:
        raise OSError(f"{name} is neither set nor in the OS keychain")
    return found
