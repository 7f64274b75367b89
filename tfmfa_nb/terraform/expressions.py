"""Expressions of HCL, by tree-sitter: the names in them, and the values of literals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.string_literals import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ASSIGNED = "x = "
# Nodes that bind names, each with the part that declares them.
_SCOPES = {"for_tuple_expr": "for_intro", "for_object_expr": "for_intro", "template_for": "template_for_start"}
# Functions whose value changes until the plan, depends on the folder or on files, or needs a provider. A file may
# change, or be another one, when Terraform reads it; a template may call any function.
_UNKNOWABLE_CALL = re.compile(
    r"(?:core::)?(?:timestamp|plantimestamp|uuid|bcrypt|abspath|pathexpand|file\w*|template\w*)|provider::.*"
)


@dataclass(frozen=True, slots=True)
class Name:
    """A reference in an expression: the `path` of "var.site.role" is ("var", "site", "role"); offsets count bytes.

    A function call whose value is not known has an empty path.
    """

    path: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Expression:
    """The value of an attribute in the configuration, and its place.

    Attributes:
        line: counts from 1; 0 for a file that has no lines of its own, such as one that Terraform wrote.
        whole: for the member of an object, the object's expression.
    """

    text: str
    file: str = ""
    line: int = 0
    whole: str = ""

    @property
    def source(self) -> str:
        """The text in the configuration."""
        return self.whole or self.text

    @property
    def place(self) -> str:
        """main.tf:3."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @cached_property
    def _node(self) -> Any:
        root = tree(f"{_ASSIGNED}{self.text}\n".encode())
        body = named(root, "body")
        attribute = named(body, "attribute") if body is not None and len(body.children) == 1 else None
        return None if attribute is None or root.has_error else named(attribute, "expression")

    @property
    def broken(self) -> bool:
        """Whether the text is not a valid expression."""
        return self._node is None

    @cached_property
    def literal(self) -> str | None:
        """The value of a string, integer or bool, escapes decoded; None for everything else, such as templates."""
        value = named(self._node, "literal_value") if self._node is not None else None
        if value is None or len(self._node.children) != 1:
            return None
        inner, text = value.children[0], _text(value.children[0])
        if inner.type == "bool_lit" or (inner.type == "numeric_lit" and text.isdecimal()):
            return text
        return decode(text[1:-1]) if inner.type == "string_lit" else None

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """The references to other objects; not the variables of `for`, nor the keys of objects."""
        return tuple(_names(self._node)) if self._node is not None else ()

    def member(self, name: str) -> Expression | None:
        """The expression of a member: an entry of a literal object, or None; otherwise an attribute access."""
        entries = self._entries
        if entries is not None:
            return entries.get(name)
        return Expression(f"try(({self.text}\n).{name}, null)", self.file, self.line, self.source)

    @property
    def members(self) -> Mapping[str, Expression]:
        """The members of a literal object; empty for everything else."""
        return self._entries or {}

    @cached_property
    def elements(self) -> tuple[Expression, ...] | None:
        """The elements of a literal list; None for everything else."""
        value = named(self._node, "collection_value") if self._node is not None else None
        body = named(value, "tuple") if value is not None and len(self._node.children) == 1 else None
        if body is None:
            return None
        inner = (child for child in body.children if child.type == "expression")
        return tuple(Expression(_text(child), self.file, self.line + child.start_point[0]) for child in inner)

    @cached_property
    def _entries(self) -> dict[str, Expression] | None:
        """None if this is not a literal object, or one of its keys is computed."""
        value = named(self._node, "collection_value") if self._node is not None else None
        body = named(value, "object") if value is not None and len(self._node.children) == 1 else None
        if body is None:
            return None
        entries = {}
        for element in (child for child in body.children if child.type == "object_elem"):
            key, value = element.child_by_field_name("key"), element.child_by_field_name("val")
            written = Expression(_text(key)) if key is not None else None
            name = written and (written.literal or (_text(key) if _is_bare(key) else None))
            if not name or value is None:
                return None
            entries[name] = Expression(_text(value), self.file, self.line + value.start_point[0])
        return entries

    def rewritten(self, replacement: Callable[[Name], str | None]) -> str:
        """The text with each reference's first word replaced; None keeps a word."""
        source, parts, at = self.text.encode(), [], 0
        for name in sorted(self.names, key=lambda name: name.start):
            text = replacement(name)
            if text is not None and name.start >= at:
                parts += [source[at : name.start], text.encode()]
                at = name.end
        return b"".join([*parts, source[at:]]).decode()


@cache
def _language() -> Any:
    from tree_sitter import Language  # noqa: PLC0415 - not before a configuration is read
    from tree_sitter_hcl import language  # noqa: PLC0415

    return Language(language())


def tree(source: bytes) -> Any:
    """The root of the syntax tree of `source`."""
    from tree_sitter import Parser  # noqa: PLC0415

    return Parser(_language()).parse(source).root_node  # a parser is not thread-safe


def _names(node: Any) -> Iterator[Name]:
    """The references below a node; without recursion, so that no depth is too much."""
    waiting: list[tuple[Any, frozenset[str]]] = [(node, frozenset())]
    while waiting:
        current, bound = waiting.pop()
        children = current.children
        if current.type == "function_call" and _UNKNOWABLE_CALL.fullmatch(_text(children[0])):
            yield Name((), *_span(current))
            continue
        head = named(current, _SCOPES[current.type]) if current.type in _SCOPES else None
        if head is not None:
            inner = bound | {_text(child) for child in head.children if child.type == "identifier"}
            waiting.append((head, bound))  # the collection is evaluated outside the scope
            waiting += [(child, inner) for child in children if child.type != head.type]
            continue
        for index, child in enumerate(children):
            if child.type == "variable_expr":
                if _text(child) not in bound:
                    yield Name((_text(child), *_members(children[index + 1 :])), *_span(child))
            elif not (current.type == "object_elem" and index == 0 and _is_bare(child)):
                waiting.append((child, bound))


def _members(following: list[Any]) -> Iterator[str]:
    for child in following:
        if child.type != "get_attr":
            return
        yield _text(child.children[-1])


def _is_bare(key: Any) -> bool:
    """Whether an object's key is an identifier, which stands for itself."""
    return len(key.children) == 1 and key.children[0].type == "variable_expr"


def _span(node: Any) -> tuple[int, int]:
    return node.start_byte - len(_ASSIGNED), node.end_byte - len(_ASSIGNED)


def named(node: Any, kind: str) -> Any:
    """The first child of a type; None if there is none."""
    return next((child for child in node.children if child.type == kind), None)


def _text(node: Any) -> str:
    return str(node.text.decode())
