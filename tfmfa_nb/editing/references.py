"""References in a value, such as `data.aws_ami.x.id`: where each part leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.editing.completion_items import CompletionItem
from tfmfa_nb.editing.declarations import OBJECTS, description_of, type_of
from tfmfa_nb.editing.schema_descriptions import attribute_about, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tfmfa_nb.editing.declarations import Declarations
    from tfmfa_nb.editing.scanner import Frame
    from tfmfa_nb.editing.schemas import Schemas

_FIXED = {
    "path": {"module": "The folder of this module.", "root": "The root module's.", "cwd": "Where Terraform runs."},
    "terraform": {"workspace": "The workspace's name.", "applying": "Whether this is an apply."},
    "each": {"key": "The element's key.", "value": "The element's value."},
    "count": {"index": "The number of this instance, from 0."},
}
_ROOTS = {
    "var": "variables",
    "local": "locals",
    "module": "modules",
    "data": "data sources",
    "ephemeral": "ephemeral resources",
    "path": "folders",
    "terraform": "the workspace",
}


def members(
    path: Sequence[str], names: Declarations, blocks: Sequence[Frame], schemas: Schemas
) -> list[CompletionItem]:
    """What may follow "path."; `path` is of names only.

    Args:
        path: ("data", "aws_ami") of "data.aws_ami.".
        names: what is declared.
        blocks: the blocks around the reference, for `self`.
        schemas: the installed providers'.
    """
    root, *rest = path
    found: list[CompletionItem] = []
    if not rest and root in _FIXED:
        found = [CompletionItem(name, "value", text=text) for name, text in _FIXED[root].items()]
    elif not rest and root in {"var", "local", "module"}:
        found = _declared(root, names)
    elif root == "module":
        found = _inside(schemas.entry("output", rest[0]), rest[1:])
    elif root == "self" and blocks and blocks[0].type in OBJECTS and blocks[0].labels:
        found = _inside(schemas.entry(blocks[0].type, blocks[0].labels[0]), rest)
    elif root in {"data", "ephemeral"}:
        found = _of_objects(root, rest, names, schemas)
    elif root not in {*_FIXED, "var", "local", "self"}:
        found = _of_objects("resource", path, names, schemas)
    return found


def _declared(root: str, names: Declarations) -> list[CompletionItem]:
    if root == "var":
        return [
            CompletionItem(name, "variable", "", type_of(block), description_of(block))
            for name, block in names.variables.items()
        ]
    if root == "local":
        return [CompletionItem(name, "variable", "", text[:60]) for name, text in names.locals.items()]
    return [CompletionItem(name, "module") for name in names.modules]


def _of_objects(kind: str, path: Sequence[str], names: Declarations, schemas: Schemas) -> list[CompletionItem]:
    """Of resources or data sources: their types, then their names, then their attributes."""
    match path:
        case []:
            return [CompletionItem(each, "class") for each in names.objects[kind]]
        case [each]:
            return [CompletionItem(name, "variable") for name in names.objects[kind].get(each, ())]
    return _inside(schemas.entry(kind, path[0]), path[2:])


def roots(names: Declarations, blocks: Sequence[Frame], schemas: Schemas) -> Iterator[CompletionItem]:
    """What a value may begin with: a reference, or a function's call."""
    within = [name for block in blocks for name in block.names]
    yield from (CompletionItem(root, "module", f"{root}.", about) for root, about in _ROOTS.items())
    if "for_each" in within:
        yield CompletionItem("each", "module", "each.", "this element")
    if "count" in within:
        yield CompletionItem("count", "module", "count.", "this instance")
    yield from (CompletionItem(each, "class", f"{each}.", "resource") for each in names.objects["resource"])
    yield from (CompletionItem(word, "keyword") for word in ("true", "false", "null"))
    functions = (name for name in schemas.names("function") if not name.startswith("core::"))  # those are here twice
    yield from (CompletionItem(name, "function", f"{name}(") for name in functions)


def _inside(schema: dict[str, Any] | None, path: Sequence[str]) -> list[CompletionItem]:
    """The attributes below `path` in a block: all can be read."""
    for name in path:
        if schema is None:
            return []
        if nested := schema.get("block_types", {}).get(name):
            schema = nested["block"]
        else:
            schema = _object(schema.get("attributes", {}).get(name, {}))
    if schema is None:
        return []
    found = []
    for name, each in schema.get("attributes", {}).items():
        about = attribute_about(each) if {"optional", "required", "computed"} & each.keys() else type_name(each)
        found.append(
            CompletionItem(name, "property", "", about, each.get("description", ""), bool(each.get("deprecated")))
        )
    return found + [CompletionItem(name, "class", "", "block") for name in schema.get("block_types", {})]


def _object(attribute: dict[str, Any]) -> dict[str, Any] | None:
    """What an attribute that is an object has inside; of a list's elements too, whose index is not in the path."""
    if nested := attribute.get("nested_type"):
        return {"attributes": nested.get("attributes", {})}
    kind = attribute.get("type")
    while isinstance(kind, list) and len(kind) > 1:
        if kind[0] == "object" and isinstance(kind[1], dict):
            return {"attributes": {name: {"type": each} for name, each in kind[1].items()}}
        kind = kind[1]
    return None
