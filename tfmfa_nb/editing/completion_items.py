"""A completion: the proposed items, and the position from which they replace the text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompletionItem:
    """One completion.

    Attributes:
        label: what is shown, and found by typing.
        kind: "keyword", "class", "property", "module", "variable", "function", "value", "option".
        insert: what is written; the label where it is "".
        about: a few words beside the label.
        text: more about it.
        deprecated: whether it should not be used any more.
    """

    label: str
    kind: str
    insert: str = ""
    about: str = ""
    text: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Completions:
    """What fits at a position.

    Attributes:
        start: where what is typed already begins; a completion replaces it.
        items: the likeliest first.
    """

    start: int
    items: tuple[CompletionItem, ...] = ()
