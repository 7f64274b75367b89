"""The options of a magic, for the editor. A light module, because every load of the extension imports it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One of a magic's options.

    Attributes:
        flags: "-e", "--environment".
        value: the placeholder of its value: "NAME"; "" for a flag.
        text: its documentation.
        repeated: whether the option can be repeated.
    """

    flags: tuple[str, ...]
    value: str
    text: str
    repeated: bool = False
