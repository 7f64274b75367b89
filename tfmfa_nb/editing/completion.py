"""Completion at a position of a cell's HCL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tfmfa_nb.editing.block_schemas import body_items, label_items, schema_of
from tfmfa_nb.editing.completion_items import CompletionItem, Completions
from tfmfa_nb.editing.declarations import Declarations
from tfmfa_nb.editing.language_schema import TOP
from tfmfa_nb.editing.references import members, roots
from tfmfa_nb.editing.scanner import CursorContext, cursor_context

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tfmfa_nb.editing.scanner import Frame
    from tfmfa_nb.editing.schemas import Schemas

MOST = 2000  # items in one answer; the AWS provider has 1,526 resource types
# A reference up to its last name: "data.aws_ami.x[0]."
_PATH = re.compile(r"(?:[^\W\d][\w-]*(?:\[[^\[\]\n]*\])*\.(?:\d+\.|\*\.)?)+\Z")
_INDEX = re.compile(r"\[[^\[\]\n]*\]|\.\d+(?=\.)|\.\*(?=\.)")
_TYPES = ("string", "number", "bool", "any", "list(", "set(", "map(", "object({", "tuple([", "optional(")


def complete(text: str, position: int, others: Iterable[str], schemas: Schemas) -> Completions:
    """The completions at a position.

    Args:
        text: the HCL.
        position: the position in `text`, in characters.
        others: the texts of the configuration's other files; read only where their declarations can be used.
        schemas: the schemas of the installed providers.
    """
    here = cursor_context(text, position)
    if here.comment:
        return Completions(position)
    found = _items(text, here, others, schemas)
    return Completions(here.start, _fitting(found, here.word))


def _items(text: str, here: CursorContext, others: Iterable[str], schemas: Schemas) -> Iterable[CompletionItem]:
    frame = here.frames[-1]
    if frame.kind == "string":
        return _label(here, schemas)
    if frame.kind == "body" and not frame.assigns:
        return () if frame.statement else _statement(here, schemas)
    if frame.kind == "heredoc" or (frame.kind == "object" and not frame.statement):
        return ()  # free text, or the key of an object
    declarations = Declarations.read([text, *others])
    if path := reference_before(text, here.start):
        return members(path, declarations, here.blocks, schemas)
    return _value(here, declarations, schemas)


def _label(here: CursorContext, schemas: Schemas) -> Iterable[CompletionItem]:
    """Completions in quotes: the labels of a block."""
    outer = here.frames[-2]
    words = [word for kind, word in outer.statement if kind in {"name", "string"}]
    is_label = outer.kind == "body" and words and not outer.assigns
    return label_items(here.blocks, len(words) - 1, words, schemas) if is_label else ()


def _value(here: CursorContext, declarations: Declarations, schemas: Schemas) -> Iterable[CompletionItem]:
    """Completions for an attribute's value, or a part of one."""
    blocks, attribute = here.blocks, _assigned(here.frames)
    if attribute == "provider" and blocks and blocks[0].type in {"resource", "data", "ephemeral", "import"}:
        return [CompletionItem(alias, "module") for alias in declarations.aliases]
    likely: list[CompletionItem] = []
    schema = schema_of(blocks, schemas) if here.frames[-1].kind == "body" else None
    if attribute == "type" and [block.type for block in blocks] == ["variable"]:
        likely = [CompletionItem(name, "keyword") for name in _TYPES]
    elif schema and schema.get("attributes", {}).get(attribute, {}).get("type") == "bool":
        likely = [CompletionItem(word, "keyword") for word in ("true", "false")]
    known = {item.label for item in likely}
    return [*likely, *(item for item in roots(declarations, blocks, schemas) if item.label not in known)]


def _statement(here: CursorContext, schemas: Schemas) -> Iterable[CompletionItem]:
    """Completions for the start of an attribute or a block."""
    if not here.blocks:
        return [CompletionItem(name, "keyword", "", "block", block["description"]) for name, block in TOP.items()]
    schema = schema_of(here.blocks, schemas)
    present = list(here.blocks[-1].names)
    if here.token in present:
        present.remove(here.token)  # the name being typed
    return body_items(schema, present) if schema else ()


def reference_before(text: str, start: int) -> tuple[str, ...]:
    """The names of a reference before `start`: ("data", "aws_ami") for "data.aws_ami."; () if there are none."""
    line = text.rfind("\n", 0, start) + 1
    match = _PATH.search(text, line, start)
    return tuple(_INDEX.sub("", match[0]).rstrip(".").split(".")) if match else ()


def _assigned(frames: Sequence[Frame]) -> str:
    """The attribute whose value is being typed."""
    body = next(frame for frame in reversed(frames) if frame.kind == "body")
    return body.statement[0][1] if body.statement and body.assigns else ""


def _fitting(items: Iterable[CompletionItem], word: str) -> tuple[CompletionItem, ...]:
    """The items that begin with `word`, then those that contain it."""
    typed = word.lower()
    begin, have = [], []
    for item in items:
        label = item.label.lower()
        if label.startswith(typed):
            begin.append(item)
        elif typed in label:
            have.append(item)
    return tuple([*begin, *have][:MOST])
