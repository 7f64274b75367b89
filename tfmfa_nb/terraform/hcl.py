"""HCL's structure, by tree-sitter: blocks, attributes and their places. Values are left to Terraform itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Expression:
    """An attribute's value as it was written.

    Attributes:
        text: the source.
        literal: its value, if it is a plain string, number or bool; else None.
        references: what it names: "var.region", "local.role", "data.aws_x", "aws_instance.web".
    """

    text: str
    literal: str | None = None
    references: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Block:
    """A block: `type "label" { … }`; `line` counts from 1."""

    type: str
    labels: tuple[str, ...]
    file: str
    line: int
    text: str = field(repr=False, default="")
    attributes: dict[str, Expression] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()

    def all(self, block_type: str) -> Iterator[Block]:
        """The nested blocks of one type, in order."""
        return (block for block in self.blocks if block.type == block_type)

    @property
    def place(self) -> str:
        """Where it begins: main.tf:3."""
        return f"{self.file}:{self.line}"


@cache
def _parser() -> Any:
    from tree_sitter import Language, Parser  # noqa: PLC0415 - until a configuration is read
    from tree_sitter_hcl import language  # noqa: PLC0415

    return Parser(Language(language()))


def parse(source: bytes, file: str) -> tuple[Block, ...]:
    """The top-level blocks of `source`; what is broken in it is passed over, for Terraform to report."""
    tree = _parser().parse(source.removeprefix(_BOM))
    return tuple(_blocks(tree.root_node, file))


def _blocks(node: Any, file: str) -> Iterator[Block]:
    for child in node.children:
        if child.type == "block":
            yield _block(child, file)
        elif child.type in {"body", "ERROR"}:
            yield from _blocks(child, file)


def _block(node: Any, file: str) -> Block:
    words: list[str] = []
    attributes: dict[str, Expression] = {}
    lines: dict[str, int] = {}
    blocks: tuple[Block, ...] = ()
    for child in node.children:
        if child.type == "identifier":
            words.append(_text(child))
        elif child.type == "string_lit":
            words.append(_text(child)[1:-1])
        elif child.type == "body":
            blocks = tuple(_blocks(child, file))
            for attribute in child.children:
                if attribute.type == "attribute" and (value := _named(attribute, "expression")) is not None:
                    name = _text(attribute.children[0])
                    attributes[name] = _expression(value)
                    lines[name] = attribute.start_point[0] + 1
    kind, *labels = words or [""]
    line = node.start_point[0] + 1
    return Block(kind, tuple(labels), file, line, _text(node), attributes, lines, blocks)


def _expression(node: Any) -> Expression:
    return Expression(_text(node), _literal(node), frozenset(_references(node)))


def _literal(node: Any) -> str | None:
    """The value of a plain literal; whatever has an escape or a template is Terraform's to work out."""
    value = _named(node, "literal_value")
    if value is None or len(node.children) != 1:
        return None
    inner = value.children[0]
    if inner.type in {"numeric_lit", "bool_lit"}:
        return _text(inner)
    text = _text(inner)
    if inner.type != "string_lit" or any(mark in text for mark in ("\\", "${", "%{", "$$", "%%")):
        return None
    return text[1:-1]


def _references(node: Any) -> Iterator[str]:
    children = node.children
    for index, child in enumerate(children):
        if child.type == "variable_expr":
            following = children[index + 1] if index + 1 < len(children) else None
            member = _text(following).lstrip(".") if following is not None and following.type == "get_attr" else ""
            yield f"{_text(child)}.{member}" if member else _text(child)
        else:
            yield from _references(child)


def _named(node: Any, kind: str) -> Any:
    return next((child for child in node.children if child.type == kind), None)


def _text(node: Any) -> str:
    return str(node.text.decode("utf-8", "replace"))
