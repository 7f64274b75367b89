"""Documentation for the word under the mouse pointer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.editing.block_schemas import schema_of
from tfmfa_nb.editing.completion import reference_before
from tfmfa_nb.editing.declarations import Declarations
from tfmfa_nb.editing.language_schema import KINDS, TOP
from tfmfa_nb.editing.references import members
from tfmfa_nb.editing.scanner import CursorContext, cursor_context
from tfmfa_nb.editing.schema_descriptions import attribute_about, block_about, signature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfmfa_nb.editing.schemas import Schemas

_REST = re.compile(r'[^"\n]*')
_NAMESPACE = re.compile(r"provider::[\w-]+::\Z")


@dataclass(frozen=True, slots=True)
class Hover:
    """The documentation of a word.

    Attributes:
        start, end: the range of the word.
        title: one line.
        text: further text; may be "".
    """

    start: int
    end: int
    title: str
    text: str = ""


def hover(text: str, position: int, others: Iterable[str], schemas: Schemas) -> Hover | None:
    """The documentation of the word at `position` in `text`; None if there is none."""
    here = cursor_context(text, position)
    frame = here.frames[-1]
    if here.comment or frame.kind == "heredoc":
        return None
    if frame.kind == "string":
        return _label(text, here, schemas)
    if not here.token:
        return None
    if frame.kind == "body" and not frame.statement:
        found = _statement(here, schemas)
    else:
        found = _value(text, here, others, schemas)
    return Hover(here.start, here.start + len(here.token), *found) if found else None


def _label(text: str, here: CursorContext, schemas: Schemas) -> Hover | None:
    outer = here.frames[-2]
    words = [word for kind, word in outer.statement if kind in {"name", "string"}]
    rest = _REST.match(text, here.start)
    name = rest[0] if rest else ""
    if outer.kind != "body" or outer.assigns or len(words) != 1 or words[0] not in KINDS:
        return None
    schema = schemas.entry(words[0], name)
    if schema is None:
        return None
    return Hover(here.start, here.start + len(name), f"{words[0]} {name}", _summary(schema))


def _summary(schema: dict[str, Any]) -> str:
    """The description of a block, its required contents and its provider."""
    required = [name for name, each in schema.get("attributes", {}).items() if each.get("required")]
    required += [name for name, nested in schema.get("block_types", {}).items() if nested.get("min_items")]
    lines = [schema.get("description", ""), f"required: {', '.join(required)}" if required else "nothing required"]
    lines += ["deprecated"] if schema.get("deprecated") else []
    lines += [f"provider: {schema['provider']}"] if schema.get("provider") else []
    return "\n".join(line for line in lines if line)


def _statement(here: CursorContext, schemas: Schemas) -> tuple[str, str] | None:
    """The documentation of an attribute's name or a block's type."""
    name = here.token
    if not here.blocks:
        return (f"{name}: block", TOP[name]["description"]) if name in TOP else None
    schema = schema_of(here.blocks, schemas) or {}
    if attribute := schema.get("attributes", {}).get(name):
        return f"{name}: {attribute_about(attribute)}", attribute.get("description", "")
    if nested := schema.get("block_types", {}).get(name):
        return f"{name}: {block_about(nested)}", nested["block"].get("description") or _summary(nested["block"])
    return None


def _value(text: str, here: CursorContext, others: Iterable[str], schemas: Schemas) -> tuple[str, str] | None:
    """The documentation of a function, or of a part of a reference."""
    name, end = here.token, here.start + len(here.token)
    if text[end : end + 1] == "(":
        space = _NAMESPACE.search(text, 0, here.start)
        called = f"{space[0]}{name}" if space else name
        function = schemas.entry("function", called)
        return (signature(called, function), function.get("description", "")) if function else None
    path = reference_before(text, here.start)
    if not path:
        return None
    found = members(path, Declarations.read([text, *others]), here.blocks, schemas)
    item = next((item for item in found if item.label == name), None)
    return (f"{name}: {item.about}" if item.about else ".".join((*path, name)), item.text) if item else None
