"""Holds and masks secrets. All text passes through here on its way to screen, file, exception, and notebook.

Only known values are masked: masking by patterns hides valid text and misses unexpected values. This module uses
the standard library only, because the process that follows Terraform imports it.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from itertools import takewhile
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "(redacted)"
_BEGINNING = 12  # characters; fewer would mask what many values begin with
_MIN_LENGTH = 6  # shorter values would mask ordinary text, and no AWS key or token is shorter


class Secret:
    """Holds a value that no repr, traceback, pickle, or comparison shows; only `reveal()` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value. Pass the call's result on directly; do not bind it to a name."""
        return self._value

    def duplicate(self) -> Secret:
        """Another holder of the value, which keeps it when this one forgets it."""
        return Secret(self._value)

    def forget(self) -> None:
        """Drop the value; `reveal()` returns "" from now on."""
        self._value = ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret{MASK}"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")


class Redactor:
    """Masks known values in text.

    Args:
        secrets: values to mask as a whole. Values of fewer than six characters are ignored; a value of several lines is
            masked line by line, because output is read by lines.
        keys: values of AWS credentials. They are also masked where only their beginning is there, of twelve characters
            or more, and in base64, wherever in a longer text they stand.
    """

    __slots__ = ("_begins", "_parts", "_pattern")

    def __init__(self, secrets: Iterable[Secret] = (), keys: Iterable[Secret] = ()) -> None:
        parts = {part for secret in secrets for part in secret.reveal().splitlines() if len(part) >= _MIN_LENGTH}
        begins: dict[str, list[str]] = {}
        for key in keys:
            value = key.reveal()
            for form in (value, *_base64_forms(value)) if len(value) >= _BEGINNING else (value,):
                if len(form) >= _BEGINNING:
                    begins.setdefault(form[:_BEGINNING], []).append(form)
                elif len(form) >= _MIN_LENGTH:
                    parts.add(form)
        self._begins = begins
        # Longest first, so that a value that contains another one is masked as a whole.
        ordered = sorted(parts | begins.keys(), key=len, reverse=True)
        self._parts = ordered
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """The text with every known value replaced by `MASK`."""
        # Most text has none; a search for each value says so much sooner than the pattern of all of them.
        if self._pattern is None or not any(part in text for part in self._parts):
            return text
        pieces, end = [], 0
        while match := self._pattern.search(text, end):
            pieces += [text[end : match.start()], MASK]
            end = max(match.end(), self._end(text, match))
        return "".join([*pieces, text[end:]]) if pieces else text

    def _end(self, text: str, match: re.Match[str]) -> int:
        """Where the longest beginning of a key ends that begins at a match."""
        start = match.start()
        return max((start + _common(text, start, form) for form in self._begins.get(match[0], ())), default=0)

    def __repr__(self) -> str:
        return f"Redactor({'active' if self._pattern else 'empty'})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Redactor cannot be pickled or copied")


def _base64_forms(value: str) -> set[str]:
    """What is always there of `value` in base64, at each of the three places in a group of bytes."""
    forms = set()
    for before in range(3):
        encoded = b2a_base64(bytes(before) + value.encode(), newline=False)
        # The first character that has bits of `value` may have bits of what stands before it too, and the last one.
        first = (before * 8 + 5) // 6
        last = (before + len(value.encode())) * 8 // 6
        form = encoded[first:last].decode()
        forms |= {form, form.replace("+", "-").replace("/", "_")}
    return forms


def _common(text: str, start: int, form: str) -> int:
    """How many characters at `start` are those with which `form` begins."""
    pairs = zip(form, text[start : start + len(form)], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
