"""The structure of HCL, by tree-sitter: blocks, attributes and their places. Terraform evaluates the values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.expressions import Expression, named, tree
from tfmfa_nb.terraform.string_literals import decode

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

_BOM = b"\xef\xbb\xbf"
# Blocks with roles, credentials or values for them. Of all other blocks only the labels are read, the provider, what
# repeats or refactors, and what runs programs.
_TYPES = {"provider", "variable", "locals", "terraform", "module", "output", "data", "check"}
_SHALLOW_ATTRIBUTES = {"provider", "postrender", "count", "for_each", "from", "to"}
_SHALLOW_BLOCKS = {"provisioner", "postrender", "dynamic"}
_EXPONENT = re.compile(rb"(?<!\w)(\d[\d.]*)([eE][+-]?\d+)")  # of a number, not of a name such as a heredoc's marker
# White space that Terraform skips around a heredoc's marker, and this grammar does not.
_ODD_SPACE = re.compile(
    "^[^\\S\n]*[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|"
    "[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\\S\n]*$",
    re.MULTILINE,
)
_FILLERS = (b"H", b"J", b"K", b"Q", b"X", b"Z")
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
        return f"{self.file}:{self.line}" if self.line else self.file


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
    return tuple(_Structure(text, file).blocks(root)), _first_error(root) or _odd_heredoc(text.decode())


def attribute_names(source: bytes) -> set[str]:
    """The names of the top-level attributes of `source`, as in a file of values for variables."""
    text = source.removeprefix(_BOM).decode("utf-8", "replace").encode()
    bodies = [child for child in tree(text).children if child.type == "body"]
    return {
        text[attribute.children[0].start_byte : attribute.children[0].end_byte].decode()
        for body in bodies
        for attribute in body.children
        if attribute.type == "attribute"
    }


def _readable(source: bytes) -> bytes:
    """`source` with HCL that this grammar cannot parse replaced by HCL of the same length; for the structure only."""
    source = _EXPONENT.sub(lambda found: found[1] + b"0" * len(found[2]), source)
    for marker in sorted({found[1] for found in _HEREDOC.finditer(source) if not found[1].isascii()}, key=len):
        # Text that the file has already could end a heredoc where Terraform does not.
        filler = next((each for each in _FILLERS if each * len(marker) not in source), b"")
        source = source.replace(marker, filler * len(marker)) if filler else source
    return source


def _odd_heredoc(text: str) -> int | None:
    """The first line that may end a heredoc for Terraform and not here, by its white space; None if there is none."""
    for odd in _ODD_SPACE.finditer(text) if "<<" in text else ():
        first = text.rfind("\n", 0, odd.end()) + 1
        marker = text[first:].partition("\n")[0].strip()
        if marker and (f"<<{marker}" in text or f"<<-{marker}" in text):
            return text.count("\n", 0, first) + 1
    return None


@dataclass(frozen=True, slots=True)
class _Structure:
    """Turns a syntax tree into blocks; their text comes from `source`, which has the same offsets as the tree."""

    source: bytes
    file: str

    def _text(self, node: Any) -> str:
        return self.source[node.start_byte : node.end_byte].decode()

    def blocks(self, node: Any, depth: int = 0, types: Container[str] | None = None) -> Iterator[Block]:
        """The blocks in a body; only some `types`, if given."""
        waiting = list(reversed(node.children))
        while waiting:
            child = waiting.pop()
            if child.type == "block":
                if types is None or self._text(child.children[0]) in types:
                    yield self._block(child, depth)
            elif child.type in {"body", "ERROR"}:
                waiting += reversed(child.children)

    def _attributes(self, body: Any, names: Container[str] | None) -> dict[str, Expression]:
        """The attributes in a body; only some `names`, if given."""
        attributes = {}
        for attribute in body.children:
            if attribute.type == "attribute" and (value := named(attribute, "expression")) is not None:
                name = self._text(attribute.children[0])
                if names is None or name in names:
                    attributes[name] = Expression(self._text(value), self.file, attribute.start_point[0] + 1)
        return attributes

    def _block(self, node: Any, depth: int) -> Block:
        shallow = not depth and self._text(node.children[0]) not in _TYPES
        words: list[str] = []
        attributes: dict[str, Expression] = {}
        blocks: tuple[Block, ...] = ()
        for child in node.children:
            if child.type == "identifier":
                words.append(self._text(child))
            elif child.type == "string_lit":
                label = self._text(child)[1:-1]
                decoded = decode(label)
                words.append(label if decoded is None else decoded)
            elif child.type == "body" and depth < _DEEPEST:
                blocks = tuple(self.blocks(child, depth + 1, _SHALLOW_BLOCKS if shallow else None))
                attributes |= self._attributes(child, _SHALLOW_ATTRIBUTES if shallow else None)
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
