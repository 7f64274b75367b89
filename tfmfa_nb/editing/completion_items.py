"""A completion: the proposed items, and the position from which they replace the text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompletionItem:
    """One completion.

    Attributes:
        label: the text to show, and to match with the typed word.
        kind: "keyword", "class", "property", "module", "variable", "function", "value", "option".
        insert: the text to insert; "" for the label.
        about: a few words beside the label.
        text: its documentation.
        deprecated: whether the item is deprecated.
    """

    label: str
    kind: str
    insert: str = ""
    about: str = ""
    text: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Completions:
    """The completions at a position.

    Attributes:
        start: the start of the typed word, which a completion replaces.
        items: the likeliest first.
    """

    start: int
    items: tuple[CompletionItem, ...] = ()
