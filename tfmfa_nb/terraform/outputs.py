"""Output values as `terraform output` prints them, and as it hands them over."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.terraform.decimals import decimal_number, json_text, number_text
from tfmfa_nb.terraform.sensitive_values import SENSITIVE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_WRAPPED = {"list": ("tolist([", "])"), "set": ("toset([", "])"), "map": ("tomap({", "})")}
_PLAIN = {"tuple": ("[", "]"), "object": ("{", "}")}
_ESCAPES = {'"': '\\"', "\\": "\\\\", **dict(zip("\a\b\f\n\r\t\v", map("\\{}".format, "abfnrtv"), strict=True))}
_NAME = re.compile(r"[^\W\d][\w-]*")
_NULLS = {"string": "tostring(null)", "number": "tonumber(null)", "bool": "tobool(null)"}


def check_output(name: str, known: Collection[str] | None) -> None:
    """Make sure that there is an output with a name.

    Args:
        name: the name.
        known: the names of all outputs; None if they are not known.

    Raises:
        ConfigurationError: there is none, or there can be none.
    """
    if known is None and not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name} is not the name of an output.", "Such as: %tfoutput bucket_name")
    if known is not None and name not in known:
        meant = did_you_mean(name, known) or f"The outputs are: {', '.join(known) or 'none'}."
        raise ConfigurationError(f'There is no output "{name}".', meant)


def read_outputs(text: bytes) -> dict[str, Any]:
    """The values in what `output -json` prints, by name; a sensitive one in a holder that shows nothing.

    Args:
        text: {name: {"sensitive": bool, "type": …, "value": …}}.

    Raises:
        ValueError, KeyError, TypeError: it is something else.
    """
    found = json.loads(text, parse_float=decimal_number)
    return {name: Secret(_raw(each["value"])) if each["sensitive"] else each["value"] for name, each in found.items()}


def _raw(value: Any) -> str:
    """A text as it is, as by `output -raw`; anything else as JSON."""
    return value if isinstance(value, str) else json_text(value)


def masked_outputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """`outputs` with "(sensitive)" for each sensitive one."""
    return {name: SENSITIVE if isinstance(value, Secret) else value for name, value in outputs.items()}


def render_value(value: Any, kind: Any, indent: int = 0) -> str:
    """`value` as HCL.

    Args:
        value: from JSON; a `Decimal` where a `float` would lose digits, see `decimals.decimal_number`.
        kind: its type in Terraform's JSON: "string", ["list", "string"], ["object", {…}], …
        indent: the indentation of its further lines, in spaces.
    """
    if value is None:
        return _NULLS.get(kind, "null") if isinstance(kind, str) else "null"
    if isinstance(value, str):
        return _text(value, indent)
    inner = " " * (indent + 2)
    if isinstance(value, list):
        entries = [render_value(item, _element(kind, index), indent + 2) for index, item in enumerate(value)]
        lines = [f"{inner}{entry},\n" for entry in entries]
    elif isinstance(value, dict):
        lines = [
            f"{inner}{_quoted(key)} = {render_value(item, _element(kind, key), indent + 2)}\n"
            for key, item in value.items()
        ]
    elif isinstance(value, bool):
        return str(value).lower()
    else:
        return number_text(value)
    start, end = _brackets(value, kind)
    return f"{start}\n{''.join(lines)}{' ' * indent}{end}" if lines else start + end


def _brackets(value: list[Any] | dict[str, Any], kind: Any) -> tuple[str, str]:
    name = kind[0] if isinstance(kind, list) and kind else ""
    fallback = "tuple" if isinstance(value, list) else "object"
    return _WRAPPED.get(name) or _PLAIN.get(name) or _PLAIN[fallback]


def _element(kind: Any, key: int | str) -> Any:
    """The type of an element of a value of type `kind`; "dynamic" if it is not known."""
    match kind:
        case ["list" | "set" | "map", inner]:
            return inner
        case ["tuple", list(inner)] if isinstance(key, int) and key < len(inner):
            return inner[key]
        case ["object", dict(inner), *_] if isinstance(key, str):
            return inner.get(key, "dynamic")
    return "dynamic"


def _text(value: str, indent: int) -> str:
    lines = value.split("\n")
    if len(lines) == 1:
        return _quoted(value)
    end = "EOT"
    while any(end == line.strip() for line in lines):
        end += "_"
    margin = " " * indent
    start = f"<<-{end}" if indent else f"<<{end}"
    return "\n".join([start, *(margin + line for line in lines), margin + end])


def _quoted(text: str) -> str:
    """Quoted as by Go's `strconv.Quote`: invisible characters are escaped."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES or char.isprintable():
        return _ESCAPES.get(char, char)
    number = ord(char)
    if number < 0x80:  # noqa: PLR2004 - ASCII
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004
