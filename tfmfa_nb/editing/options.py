"""A magic's options, as the editor needs to know them; light, because every load of the extension makes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One of a magic's options.

    Attributes:
        flags: "-e", "--environment".
        value: what stands behind it: "NAME"; "" for nothing.
        text: what it does.
        repeated: whether it may be given again.
    """

    flags: tuple[str, ...]
    value: str
    text: str
    repeated: bool = False
