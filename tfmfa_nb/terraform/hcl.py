"""The structure of HCL, by tree-sitter: blocks, attributes and their places. Terraform evaluates the values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.expressions import Expression, named, tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BOM = b"\xef\xbb\xbf"
# Blocks with roles, credentials or values for them; of all other blocks only the labels are read.
_TYPES = {"provider", "variable", "locals", "terraform", "module", "output", "data", "check"}
_EXPONENT = re.compile(rb"(?<=\d)[eE][+-]?\d+")
_HEREDOC = re.compile(rb"<<-?([^\s<]+)")
_DEEPEST = 30  # nested blocks; no schema has as many


@dataclass(frozen=True, slots=True)
class Block:
    """A block: `type "label" { … }`; `line` counts from 1, and only top-level blocks have their `text`."""

    type: str
    labels: tuple[str, ...]
    file: str
    line: int
    text: str = field(repr=False, default="")
    attributes: Mapping[str, Expression] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()

    def all(self, block_type: str) -> Iterator[Block]:
        """The nested blocks of a type, in order."""
        return (block for block in self.blocks if block.type == block_type)

    @property
    def place(self) -> str:
        """main.tf:3."""
        return f"{self.file}:{self.line}"


def parse(source: bytes, file: str) -> tuple[tuple[Block, ...], int | None]:
    """The top-level blocks of `source`.

    Returns:
        The blocks (only the labels of those without roles and credentials), and the line of the first syntax error,
        if any. Parsing goes on behind an error; reporting it is left to Terraform.
    """
    # Terraform refuses bytes that are not UTF-8; here, tree-sitter's offsets must fit the text.
    text = source.removeprefix(_BOM).decode("utf-8", "replace").encode()
    root = tree(text)
    if root.has_error:
        root = tree(_readable(text))
    return tuple(_Structure(text, file).blocks(root)), _first_error(root)


def _readable(source: bytes) -> bytes:
    """`source` with HCL that this grammar cannot parse replaced by HCL of the same length; for the structure only."""
    source = _EXPONENT.sub(lambda found: b"0" * len(found[0]), source)
    for marker in sorted({found[1] for found in _HEREDOC.finditer(source) if not found[1].isascii()}, key=len):
        source = source.replace(marker, b"H" * len(marker))
    return source


@dataclass(frozen=True, slots=True)
class _Structure:
    """Turns a syntax tree into blocks; their text comes from `source`, which has the same offsets as the tree."""

    source: bytes
    file: str

    def _text(self, node: Any) -> str:
        return self.source[node.start_byte : node.end_byte].decode()

    def blocks(self, node: Any, depth: int = 0) -> Iterator[Block]:
        waiting = list(reversed(node.children))
        while waiting:
            child = waiting.pop()
            if child.type == "block":
                yield self._block(child, depth)
            elif child.type in {"body", "ERROR"}:
                waiting += reversed(child.children)

    def _block(self, node: Any, depth: int) -> Block:
        shallow = not depth and self._text(node.children[0]) not in _TYPES
        words: list[str] = []
        attributes: dict[str, Expression] = {}
        blocks: tuple[Block, ...] = ()
        for child in node.children:
            if child.type == "identifier":
                words.append(self._text(child))
            elif child.type == "string_lit":
                words.append(self._text(child)[1:-1])
            elif child.type == "body" and depth < _DEEPEST and not shallow:
                blocks = tuple(self.blocks(child, depth + 1))
                for attribute in child.children:
                    if attribute.type == "attribute" and (value := named(attribute, "expression")) is not None:
                        line = attribute.start_point[0] + 1
                        expression = Expression(self._text(value), self.file, line)
                        attributes[self._text(attribute.children[0])] = expression
        kind, *labels = words or [""]
        text = "" if shallow or depth else self._text(node)
        return Block(kind, tuple(labels), self.file, node.start_point[0] + 1, text, attributes, blocks)


def _first_error(root: Any) -> int | None:
    if not root.has_error:
        return None
    node = seen = root
    while node is not None and node.type != "ERROR":
        seen = node if node.end_byte > node.start_byte else seen  # a missing token has no extent
        node = next((child for child in node.children if child.has_error or child.is_missing), None)
    return int((node or seen).start_point[0]) + 1
