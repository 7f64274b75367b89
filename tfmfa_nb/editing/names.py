"""What a configuration declares, and what a reference leads to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfmfa_nb.editing.items import Item, attribute_about, type_name
from tfmfa_nb.terraform.hcl import Block, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tfmfa_nb.editing.scanner import Frame
    from tfmfa_nb.editing.schemas import Schemas

_OBJECTS = ("resource", "data", "ephemeral")
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


@dataclass(slots=True)
class Names:
    """What some files declare.

    Attributes:
        variables, locals, modules: by name.
        objects: kind ("resource", "data", "ephemeral") → type → names.
        aliases: the provider configurations that a resource may name: aws.eu.
    """

    variables: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, str] = field(default_factory=dict)
    modules: dict[str, Block] = field(default_factory=dict)
    objects: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(dict))
    aliases: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, texts: Iterable[str]) -> Names:
        """Those of these files, as far as they can be understood."""
        names = cls()
        for text in texts:
            blocks, _ = parse(text.encode("utf-8", "replace"), "")
            for block in blocks:
                names._add(block)
        return names

    def _add(self, block: Block) -> None:
        label = block.labels[0] if block.labels else ""
        if block.type in _OBJECTS and len(block.labels) > 1:
            self.objects[block.type].setdefault(label, []).append(block.labels[1])
        elif block.type == "variable" and label:
            self.variables[label] = block
        elif block.type == "module" and label:
            self.modules[label] = block
        elif block.type == "locals":
            self.locals |= {name: value.text for name, value in block.attributes.items()}
        elif block.type == "provider" and label:
            alias = block.attributes.get("alias")
            self.aliases.append(f"{label}.{alias.literal}" if alias and alias.literal else label)

    def addresses(self) -> Iterator[str]:
        """Of resources and modules, as --target and --replace take them."""
        for kind, types in self.objects.items():
            prefix = "" if kind == "resource" else f"{kind}."
            yield from (f"{prefix}{each}.{name}" for each, named in types.items() for name in named)
        yield from (f"module.{name}" for name in self.modules)


def members(path: Sequence[str], names: Names, blocks: Sequence[Frame], schemas: Schemas) -> list[Item]:
    """What may follow "path."; `path` is of names only.

    Args:
        path: ("data", "aws_ami") of "data.aws_ami.".
        names: what is declared.
        blocks: the blocks around the reference, for `self`.
        schemas: the installed providers'.
    """
    root, *rest = path
    found: list[Item] = []
    if not rest and root in _FIXED:
        found = [Item(name, "value", text=text) for name, text in _FIXED[root].items()]
    elif not rest and root in {"var", "local", "module"}:
        found = _declared(root, names)
    elif root == "module":
        found = _inside(schemas.entry("output", rest[0]), rest[1:])
    elif root == "self" and blocks and blocks[0].type in _OBJECTS and blocks[0].labels:
        found = _inside(schemas.entry(blocks[0].type, blocks[0].labels[0]), rest)
    elif root in {"data", "ephemeral"}:
        found = _of_objects(root, rest, names, schemas)
    elif root not in {*_FIXED, "var", "local", "self"}:
        found = _of_objects("resource", path, names, schemas)
    return found


def _declared(root: str, names: Names) -> list[Item]:
    if root == "var":
        return [
            Item(name, "variable", "", type_of(block), description_of(block)) for name, block in names.variables.items()
        ]
    if root == "local":
        return [Item(name, "variable", "", text[:60]) for name, text in names.locals.items()]
    return [Item(name, "module") for name in names.modules]


def _of_objects(kind: str, path: Sequence[str], names: Names, schemas: Schemas) -> list[Item]:
    """Of resources or data sources: their types, then their names, then their attributes."""
    match path:
        case []:
            return [Item(each, "class") for each in names.objects[kind]]
        case [each]:
            return [Item(name, "variable") for name in names.objects[kind].get(each, ())]
    return _inside(schemas.entry(kind, path[0]), path[2:])


def roots(names: Names, blocks: Sequence[Frame], schemas: Schemas) -> Iterator[Item]:
    """What a value may begin with: a reference, or a function's call."""
    within = [name for block in blocks for name in block.names]
    yield from (Item(root, "module", f"{root}.", about) for root, about in _ROOTS.items())
    if "for_each" in within:
        yield Item("each", "module", "each.", "this element")
    if "count" in within:
        yield Item("count", "module", "count.", "this instance")
    yield from (Item(each, "class", f"{each}.", "resource") for each in names.objects["resource"])
    yield from (Item(word, "keyword") for word in ("true", "false", "null"))
    functions = (name for name in schemas.names("function") if not name.startswith("core::"))  # those are here twice
    yield from (Item(name, "function", f"{name}(") for name in functions)


def _inside(schema: dict[str, Any] | None, path: Sequence[str]) -> list[Item]:
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
        found.append(Item(name, "property", "", about, each.get("description", ""), bool(each.get("deprecated"))))
    return found + [Item(name, "class", "", "block") for name in schema.get("block_types", {})]


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


def type_of(variable: Block) -> str:
    """A variable's type, in a line."""
    return " ".join(variable.attributes["type"].text.split()) if "type" in variable.attributes else "any"


def description_of(block: Block) -> str:
    """A variable's description and default, or an output's description."""
    lines = []
    for name in ("description", "default"):
        if value := block.attributes.get(name):
            shown = str(value.literal) if name == "description" and value.literal else value.text
            lines.append(shown if name == "description" else f"default: {shown[:200]}")
    return "\n".join(lines)
