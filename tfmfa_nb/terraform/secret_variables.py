"""The variables of a root module that hold secrets: those declared `sensitive`, and those whose name says so."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.string_literals import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfmfa_nb.terraform.modules import Module

_KEYS = "api|access|secret|private|auth|encryption|signing|master|client|service_account"
_URLS = "database|db|redis|amqp|rabbitmq|broker|mongo|mongodb|postgres|postgresql|mysql|webhook"  # with a password
# "db_password", "dbPassword1" and "api_key_base64"; not "secret_arn", "token_ttl", "kms_key_id" or "compass".
_SOUNDS_SECRET = re.compile(
    r"(?:.*(?:password|passwd|passphrase|pwd)|(?:.*[_-])?(?:pass|secret|token|credential|dsn|pat|psk|jwt"
    rf"|conn(?:ection)?[_-]?str(?:ing)?|(?:{_KEYS})[_-]?key|(?:{_URLS})[_-]?ur[li]))"
    r"s?\d*(?:[_-](?:value|string|text|base64|json))?",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*[=:])?', re.DOTALL)  # a string in HCL; what follows a key


def sounds_secret(name: str) -> bool:
    """Whether a name says that its value is a secret: "db_password", "accessKey", "token".

    It is exact, because what sounds secret is masked in all output. Where a wrong guess costs less, more names sound
    secret, and all of these: the parameters of a runbook, and process variables that nothing uses.
    """
    return _SOUNDS_SECRET.fullmatch(_CAMEL.sub("_", name)) is not None


def holds_secret(root: Module, name: str) -> bool:
    """Whether a variable is declared `sensitive` or `ephemeral`, or has a name that sounds secret.

    Args:
        root: the root module.
        name: name of the variable, which may not be declared.
    """
    if sounds_secret(name):
        return True
    attributes = root.variables[name].attributes if name in root.variables else {}
    return any(mark in attributes and attributes[mark].text.strip() != "false" for mark in ("sensitive", "ephemeral"))


def may_repeat_secrets(text: str, root: Module) -> bool:
    """Whether an error in an expression may repeat a sensitive value: unless it names only variables without one.

    Args:
        text: the expression.
        root: the root module.
    """
    expression = Expression(text)
    names = [name.path for name in expression.names]
    return expression.broken or not all(
        path[:1] in {("path",), ("terraform",)}
        or (path[:1] == ("var",) and len(path) > 1 and not holds_secret(root, path[1]))
        for path in names
    )


def ephemeral_variables(root: Module) -> frozenset[str]:
    """The variables that a saved plan does not contain, so that its apply needs their values again.

    https://developer.hashicorp.com/terraform/language/values/variables#exclude-values-from-state
    """
    marked = ((name, block.attributes.get("ephemeral")) for name, block in root.variables.items())
    return frozenset(name for name, mark in marked if mark is not None and mark.text.strip() != "false")


def secrets_in_environ(root: Module, environ: Mapping[str, str]) -> tuple[Secret, ...]:
    """The values of secret variables in `environ`, to be masked: of a list or a map, each text in it."""
    values = (
        environ[f"TF_VAR_{name}"] for name in root.variables if f"TF_VAR_{name}" in environ and holds_secret(root, name)
    )
    return tuple(Secret(text) for value in values for text in _texts(value))


def _texts(value: str) -> Iterator[str]:
    yield value
    try:
        waiting = [json.loads(value)]
    except (ValueError, RecursionError):  # a plain text, or HCL
        waiting = [decode(text) or text for text, key in _QUOTED.findall(value) if not key]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case list(items):
                waiting += items
            case dict(items):
                waiting += items.values()
