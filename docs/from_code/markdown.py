"""Markdown of tables, and of docstrings."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ATTRIBUTES = re.compile(r"^(?:Attributes|Args):\n((?:    .*\n?|\n)+)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^    (\w+): ((?:.|\n(?=        ))*)", re.MULTILINE)


def code(text: str) -> str:
    """`text` as code, also in a cell of a table."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def prose(text: str) -> str:
    """`text` of a docstring or a message: pairs of backticks are code; all else that looks like markup is text."""
    parts = re.split(r"`([^`\n]+)`", text)
    return "".join(f"`{part}`" if number % 2 else _escaped(part) for number, part in enumerate(parts)).strip()


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_<>\[\]{}$|`])", r"\\\1", re.sub(r"\s+", " ", text))


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table; its cells are Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def summary(documented: object) -> str:
    """The first paragraph of a docstring, as Markdown."""
    return prose((inspect.getdoc(documented) or "").partition("\n\n")[0])


def attributes(documented: object) -> dict[str, str]:
    """What the docstring says of each attribute or argument, as Markdown."""
    found = _ATTRIBUTES.search(f"{inspect.getdoc(documented)}\n")
    return {name: prose(text) for name, text in _ATTRIBUTE.findall(found[1])} if found else {}
