"""The JSON syntax of Terraform, parsed into the same blocks as HCL.

https://developer.hashicorp.com/terraform/language/syntax/json
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.hcl import Block
from tfmfa_nb.terraform.string_literals import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TOKEN = re.compile(r'[ \t\r\n]*([{}\[\],:]|"(?:[^"\\\x00-\x1f]|\\.)*"|[-+.\w]+)')
_TRIVIA = re.compile(r"[ \t\r\n]*")
_DEEPEST = 100  # nested objects and lists
# The blocks that a block can hold, with their numbers of labels.
_Schema = dict[str, tuple[int, Any]]
_ROLES: _Schema = {"assume_role": (0, {}), "assume_role_with_web_identity": (0, {})}
_ENCRYPTION: _Schema = {"key_provider": (2, _ROLES), "method": (2, {})}
_RENDERER: _Schema = {"postrender": (0, {})}
_RESOURCE: _Schema = {"provisioner": (1, {}), **_RENDERER}
_DATA: _Schema = {"data": (2, _RENDERER)}
_TOP: _Schema = {
    "provider": (1, {**_ROLES, "dynamic": (1, {"content": (0, {})})}),
    "variable": (1, {}),
    "locals": (0, {}),
    "module": (1, {}),
    "output": (1, {}),
    **_DATA,
    "check": (1, _DATA),
    "resource": (2, _RESOURCE),
    "ephemeral": (2, {}),
    "action": (2, {}),
    "terraform": (
        0,
        {"required_providers": (0, {}), "backend": (1, {}), "cloud": (0, {}), "encryption": (0, _ENCRYPTION)},
    ),
}
_MARKER = "TFMFA_JSON"


@dataclass(frozen=True, slots=True)
class _Node:
    """A JSON value and its line. An object is a tuple of pairs, because a name may occur twice."""

    value: Any
    line: int


def parse_json(source: bytes, file: str) -> tuple[Block, ...]:
    """The top-level blocks that matter to roles, credentials and `init`.

    Raises:
        ValueError: `source` is not valid JSON, or nested too deep.
    """
    return tuple(_blocks(_Reader(source.decode("utf-8-sig")).document(), _TOP, file))


class _Reader:
    """Reads JSON with line numbers, which `json` does not provide.

    tree-sitter-json would be no shorter: it accepts comments, several documents, `1.` and control characters in
    strings, each of which Terraform refuses and a reader would have to find in its tree.
    """

    def __init__(self, text: str) -> None:
        self._text, self._at, self._counted, self._line = text, 0, 0, 1

    def document(self) -> _Node:
        node = self._value(self._token(), 0)
        if _TRIVIA.sub("", self._text[self._at :]):
            raise ValueError(f"line {self._line}: more than one value")
        return node

    def _token(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise ValueError(f"line {self._line}: not JSON")
        self._line += self._text.count("\n", self._counted, found.start(1))
        self._at, self._counted = found.end(), found.start(1)
        return found[1]

    def _value(self, token: str, depth: int) -> _Node:
        line = self._line
        if depth > _DEEPEST:
            raise ValueError(f"line {line}: too deep")
        if token == "[":  # noqa: S105 - JSON's own tokens
            return _Node(self._several("]", lambda first: self._value(first, depth + 1)), line)
        if token == "{":  # noqa: S105
            return _Node(tuple(self._several("}", lambda first: self._pair(first, depth + 1))), line)
        value = json.loads(token)
        if isinstance(value, str):  # an unpaired surrogate becomes U+FFFD, as in Terraform
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return _Node(value, line)

    def _pair(self, token: str, depth: int) -> tuple[str, _Node]:
        line, name = self._line, json.loads(token)
        if not isinstance(name, str) or self._token() != ":":
            raise ValueError(f"line {line}: not JSON")
        return name, _Node(self._value(self._token(), depth).value, line)

    def _several(self, end: str, one: Callable[[str], Any]) -> list[Any]:
        found: list[Any] = []
        token = self._token()
        while token != end:
            found.append(one(token))
            token = self._token()
            if token == ",":  # noqa: S105
                token = self._token()
            elif token != end:
                raise ValueError(f"line {self._line}: not JSON")
        return found


def _blocks(node: _Node, schema: _Schema, file: str) -> Iterator[Block]:
    for name, body in _pairs(node):
        if name in schema:
            labels, inner = schema[name]
            for words, one in _labelled(body, labels):
                yield _block(name, words, one, inner, file)


def _labelled(node: _Node, labels: int) -> Iterator[tuple[tuple[str, ...], _Node]]:
    """The bodies below a number of labels."""
    if not labels:
        for one in node.value if isinstance(node.value, list) else [node]:
            if isinstance(one.value, tuple):
                yield (), one
        return
    for name, inner in _pairs(node):
        for words, one in _labelled(inner, labels - 1):
            yield (name, *words), one


def _block(kind: str, labels: tuple[str, ...], node: _Node, schema: Mapping[str, Any], file: str) -> Block:
    attributes = {name: Expression(_hcl(value), file, value.line) for name, value in _pairs(node) if name not in schema}
    return Block(kind, labels, file, node.line, attributes=attributes, blocks=tuple(_blocks(node, dict(schema), file)))


def _pairs(node: _Node) -> Iterator[tuple[str, _Node]]:
    """The members of an object, or of all objects in a list; "//" is a comment."""
    for one in node.value if isinstance(node.value, list) else [node]:
        if isinstance(one.value, tuple):
            yield from (pair for pair in one.value if pair[0] != "//")


def _hcl(node: _Node) -> str:
    """The value as HCL; strings are templates."""
    value = node.value
    if isinstance(value, str):
        return _template(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_hcl, value)) + "]"
    if isinstance(value, tuple):
        return "{" + ", ".join(f"{_key(name)} = {_hcl(inner)}" for name, inner in value) + "}"
    return json.dumps(value)


def _key(name: str) -> str:
    return _template(name) if _plain(name) else f"({_template(name)})"


def _template(text: str) -> str:
    """A heredoc, which reads a template as JSON syntax does: only `${` and `%{` are special."""
    if _plain(text):
        return encode(text)
    marker = _MARKER
    while marker in text:
        marker += "_"
    alone = Expression(text.removeprefix("${").removesuffix("}"))
    if text.startswith("${") and text.endswith("}") and not alone.broken:
        return f"({alone.text})"  # a lone interpolation keeps its type
    return f'trimsuffix(<<{marker}\n{text}\n{marker}\n, "\\n")'


def _plain(text: str) -> bool:
    return not any(mark in text for mark in ("${", "%{"))
