"""The gate through which text leaves for screen, file, exception and notebook.

Only exact, known values are masked: masking by guess hides valid text and lets the unexpected through.
Standard library only, because the process that follows Terraform imports it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "(redacted)"
_SHORTEST = 6  # a shorter "secret" would mask ordinary text, and no AWS key or token is shorter


class Secret:
    """Holds one value that no repr, trace, pickle or comparison shows; `reveal()` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value. Do not bind it to a name: pass the call on."""
        return self._value

    def duplicate(self) -> Secret:
        """Another holder of the value, which stays when this one is told to forget."""
        return Secret(self._value)

    def forget(self) -> None:
        """Let go of the value; `reveal()` gives an empty string from here on."""
        self._value = ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret{MASK}"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied")


class Redactor:
    """Masks known values in text.

    Args:
        secrets: values to mask. Those shorter than six characters are left out, and a value that spans lines
            is masked line by line, because output is read by lines.
    """

    __slots__ = ("_pattern",)

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        parts = {part for secret in secrets for part in secret.reveal().splitlines() if len(part) >= _SHORTEST}
        # The longest first: where one value contains another, the whole of it goes.
        ordered = sorted(parts, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """`text` with every known value replaced by `MASK`."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def __repr__(self) -> str:
        return f"Redactor({'active' if self._pattern else 'empty'})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Redactor is not pickled or copied")
