"""References such as `data.aws_ami.x.id`: the names that can follow each part."""

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
    "path": {
        "module": "The folder of this module.",
        "root": "The folder of the root module.",
        "cwd": "The working directory.",
    },
    "terraform": {"workspace": "The name of the workspace.", "applying": "Whether Terraform is applying."},
    "each": {"key": "The key of this element.", "value": "The value of this element."},
    "count": {"index": "The index of this instance, from 0."},
}
_ROOTS = {
    "var": "variables",
    "local": "locals",
    "module": "modules",
    "data": "data sources",
    "ephemeral": "ephemeral resources",
    "path": "paths",
    "terraform": "the workspace",
}


def members(
    path: Sequence[str], declarations: Declarations, blocks: Sequence[Frame], schemas: Schemas
) -> list[CompletionItem]:
    """Completions after the dot of a reference.

    Args:
        path: the names before it: ("data", "aws_ami") for "data.aws_ami.".
        declarations: the declarations of the configuration.
        blocks: the blocks around the reference, for `self`.
        schemas: the schemas of the installed providers.
    """
    root, *rest = path
    found: list[CompletionItem] = []
    if not rest and root in _FIXED:
        found = [CompletionItem(name, "value", text=text) for name, text in _FIXED[root].items()]
    elif not rest and root in {"var", "local", "module"}:
        found = _declared(root, declarations)
    elif root == "module":
        found = _inside(schemas.entry("output", rest[0]), rest[1:])
    elif root == "self" and blocks and blocks[0].type in OBJECTS and blocks[0].labels:
        found = _inside(schemas.entry(blocks[0].type, blocks[0].labels[0]), rest)
    elif root in {"data", "ephemeral"}:
        found = _of_objects(root, rest, declarations, schemas)
    elif root not in {*_FIXED, "var", "local", "self"}:
        found = _of_objects("resource", path, declarations, schemas)
    return found


def _declared(root: str, declarations: Declarations) -> list[CompletionItem]:
    if root == "var":
        return [
            CompletionItem(name, "variable", "", type_of(block), description_of(block))
            for name, block in declarations.variables.items()
        ]
    if root == "local":
        return [CompletionItem(name, "variable", "", text[:60]) for name, text in declarations.locals.items()]
    return [CompletionItem(name, "module") for name in declarations.modules]


def _of_objects(kind: str, path: Sequence[str], declarations: Declarations, schemas: Schemas) -> list[CompletionItem]:
    """Completions for resources or data sources: types, then names, then attributes."""
    match path:
        case []:
            return [CompletionItem(each, "class") for each in declarations.objects[kind]]
        case [each]:
            return [CompletionItem(name, "variable") for name in declarations.objects[kind].get(each, ())]
    return _inside(schemas.entry(kind, path[0]), path[2:])


def roots(declarations: Declarations, blocks: Sequence[Frame], schemas: Schemas) -> Iterator[CompletionItem]:
    """Completions for the start of a value: references and function calls."""
    within = [name for block in blocks for name in block.names]
    yield from (CompletionItem(root, "module", f"{root}.", about) for root, about in _ROOTS.items())
    if "for_each" in within:
        yield CompletionItem("each", "module", "each.", "this element")
    if "count" in within:
        yield CompletionItem("count", "module", "count.", "this instance")
    yield from (CompletionItem(each, "class", f"{each}.", "resource") for each in declarations.objects["resource"])
    yield from (CompletionItem(word, "keyword") for word in ("true", "false", "null"))
    functions = (name for name in schemas.names("function") if not name.startswith("core::"))  # duplicates
    yield from (CompletionItem(name, "function", f"{name}(") for name in functions)


def _inside(schema: dict[str, Any] | None, path: Sequence[str]) -> list[CompletionItem]:
    """Completions for the attributes below `path` in a block; all attributes are readable."""
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
    """The schema of an object attribute, or of the elements of a list of objects; paths have no indexes."""
    if nested := attribute.get("nested_type"):
        return {"attributes": nested.get("attributes", {})}
    kind = attribute.get("type")
    while isinstance(kind, list) and len(kind) > 1:
        if kind[0] == "object" and isinstance(kind[1], dict):
            return {"attributes": {name: {"type": each} for name, each in kind[1].items()}}
        kind = kind[1]
    return None
