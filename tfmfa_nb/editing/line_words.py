"""The words of a magic's line: split as in a shell, except that strings inside brackets stay as they are.

In an address such as `x["a.b"]`, a value such as `["a b", "c"]`, and an expression of Python such as `{tags['a']}`, the
quotes belong to the value. A shell would remove them, and a person would have to quote the quotes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPACE, _OPEN, _CLOSE = " \t\r\n", "[{", "]}"
_DOUBLY_QUOTED = re.compile(r"'\".*\"'", re.DOTALL)
# Go's package flag, which reads Terraform's command line, takes one dash or two (https://pkg.go.dev/flag).
_ONE_DASH = re.compile(r"-(?=[A-Za-z][\w-]+(?:=|\Z))")


def canonical(word: str) -> str:
    """An option as it is defined: "--var=x" for "-var=x". One letter has one dash: "-e". Other words stay."""
    return f"-{word}" if _ONE_DASH.match(word) else word


def split(line: str) -> list[str]:
    r"""The words of `line`.

    Quotes and backslashes group words and are removed, as in a POSIX shell; nothing is expanded. A quoted string inside
    `[…]` or `{…}` stays as it is, with its quotes and with the white space in it. Only single quotes around a
    double-quoted string are removed there: people write `x['"a.b"']` for shells.

    Args:
        line: the text after the magic's name.

    Raises:
        ValueError: a quotation is not closed, or the line ends with a backslash.
    """
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at] in _SPACE:
            at += 1
            continue
        word, at = _word(line, at)
        words.append(word)
    return words


def leading_options(line: str, known: Mapping[str, bool]) -> tuple[list[str], str]:
    """The options at the beginning of `line`, each with its value, and the rest as it is written.

    Args:
        line: the text after the magic's name.
        known: the options, each with whether it has a value.

    Raises:
        ValueError: as `split` does.
    """
    words: list[str] = []
    at, is_value = 0, False
    while rest := line[at:].lstrip(_SPACE):
        word, after = _word(rest, 0)
        flag, is_joined, _ = canonical(word).partition("=")
        if not is_value and flag not in known:
            break
        words.append(word if is_value else canonical(word))
        is_value = not is_value and known[flag] and not is_joined
        at = len(line) - len(rest) + after
    return words, line[at:].strip(_SPACE)


def _word(line: str, at: int) -> tuple[str, int]:
    """The word that begins at `at`, and where it ends."""
    parts: list[str] = []
    depth = 0
    while at < len(line) and line[at] not in _SPACE:
        character, end = line[at], at + 1
        if character in "'\"":
            end = _end_of_quotation(line, at)
            quotation = line[at:end]
            parts.append(quotation if depth and not _DOUBLY_QUOTED.fullmatch(quotation) else _unquoted(quotation))
        elif character == "\\":
            end = at + 2
            if end > len(line):
                raise ValueError("No escaped character")
            parts.append(line[at + 1])
        else:
            depth = max(0, depth + (character in _OPEN) - (character in _CLOSE))
            parts.append(character)
        at = end
    return "".join(parts), at


def _end_of_quotation(line: str, start: int) -> int:
    """Where the quotation that begins at `start` ends; a backslash counts between double quotes only."""
    quote, at = line[start], start + 1
    while at < len(line) and line[at] != quote:
        at += 2 if line[at] == "\\" and quote == '"' else 1
    if at >= len(line):
        raise ValueError("No closing quotation")
    return at + 1


def _unquoted(quotation: str) -> str:
    """The text of a quotation; between double quotes, a backslash escapes itself and the quote."""
    text = quotation[1:-1]
    return re.sub(r'\\([\\"])', r"\1", text) if quotation[0] == '"' else text
