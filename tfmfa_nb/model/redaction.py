"""Holds and masks secrets. All text passes through here on its way to screen, file, exception, and notebook.

Only exact, known values are masked: masking by patterns hides valid text and misses unexpected values. This module uses
the standard library only, because the process that follows Terraform imports it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "(redacted)"
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
        secrets: values to mask. Values of fewer than six characters are ignored; a value of several lines is masked
            line by line, because output is read by lines.
    """

    __slots__ = ("_pattern",)

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        parts = {part for secret in secrets for part in secret.reveal().splitlines() if len(part) >= _MIN_LENGTH}
        # Longest first, so that a value that contains another one is masked as a whole.
        ordered = sorted(parts, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """The text with every known value replaced by `MASK`."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def __repr__(self) -> str:
        return f"Redactor({'active' if self._pattern else 'empty'})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Redactor cannot be pickled or copied")
