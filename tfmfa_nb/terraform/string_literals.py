r"""Quoted strings of HCL, decoded as Terraform does: `"a\u0077s"` is "aws".

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#template-expressions
"""

from __future__ import annotations

import re
import unicodedata

_PART = re.compile(
    r"""\\(?:
            (?P<one>[nrt"\\])
            | u(?P<four>[0-9a-fA-F]{4})
            | U(?P<eight>[0-9a-fA-F]{8})
        )
        | (?P<mark>[$%]+(?=\{))
        | (?P<text>[^\\$%]+|[$%])""",
    re.VERBOSE | re.DOTALL,
)
_ONE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_SPECIAL = re.compile(r'[\\"\x00-\x1f\x7f]|[$%]\{')


def decode(text: str) -> str | None:
    """The value of the text between two quotes, in Unicode's form NFC.

    Returns:
        None for an invalid escape, or a template whose value needs an evaluation.
    """
    parts, at = [], 0
    while at < len(text):
        found = _PART.match(text, at)
        part = _decoded(found) if found else None
        if found is None or part is None:
            return None
        parts.append(part)
        at = found.end()
    return unicodedata.normalize("NFC", "".join(parts))


def _decoded(found: re.Match[str]) -> str | None:
    if one := found["one"]:
        return _ONE[one]
    if digits := found["four"] or found["eight"]:
        number = int(digits, 16)
        return chr(number) if number <= _LAST and number not in _SURROGATES else "\ufffd"
    if mark := found["mark"]:  # "$${" stands for "${"; Terraform evaluates longer ones, and "${"
        return mark[0] if mark in {"$$", "%%"} else None
    return found["text"]


def encode(text: str) -> str:
    """A quoted string that stands for `text`, whatever it holds."""
    return f'"{_SPECIAL.sub(_encoded, text)}"'


def _encoded(found: re.Match[str]) -> str:
    special = found[0]
    if special in {"${", "%{"}:
        return special[0] + special
    return "\\" + special if special in {"\\", '"'} else f"\\u{ord(special):04x}"
