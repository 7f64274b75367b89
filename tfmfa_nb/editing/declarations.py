"""Declarations of a configuration: variables, locals, modules, resources, data sources, provider aliases."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.hcl import Block, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


OBJECTS = ("resource", "data", "ephemeral")


@dataclass(slots=True)
class Declarations:
    """The declarations in some files.

    Attributes:
        variables, locals, modules: by name.
        objects: kind ("resource", "data", "ephemeral") → type → names.
        aliases: the provider configurations that a resource can use: aws.eu.
    """

    variables: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, str] = field(default_factory=dict)
    modules: dict[str, Block] = field(default_factory=dict)
    objects: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(dict))
    aliases: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, texts: Iterable[str]) -> Declarations:
        """The declarations in `texts`; broken parts are skipped."""
        declarations = cls()
        for text in texts:
            blocks, _ = parse(text.encode("utf-8", "replace"), "")
            for block in blocks:
                declarations._add(block)
        return declarations

    def _add(self, block: Block) -> None:
        label = block.labels[0] if block.labels else ""
        if block.type in OBJECTS and len(block.labels) > 1:
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
        """The addresses of resources and modules, for --target and --replace."""
        for kind, types in self.objects.items():
            prefix = "" if kind == "resource" else f"{kind}."
            yield from (f"{prefix}{each}.{name}" for each, named in types.items() for name in named)
        yield from (f"module.{name}" for name in self.modules)


def type_of(variable: Block) -> str:
    """The type of a variable, on one line."""
    return " ".join(variable.attributes["type"].text.split()) if "type" in variable.attributes else "any"


def description_of(block: Block) -> str:
    """The description and default of a variable, or the description of an output."""
    lines = []
    for name in ("description", "default"):
        if value := block.attributes.get(name):
            shown = str(value.literal) if name == "description" and value.literal else value.text
            lines.append(shown if name == "description" else f"default: {shown[:200]}")
    return "\n".join(lines)
