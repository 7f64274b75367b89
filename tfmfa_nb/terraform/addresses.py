"""Addresses of resources and modules, as `-target`, `-replace` and `-exclude` take them.

https://developer.hashicorp.com/terraform/cli/state/resource-addressing
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.terraform.modules import Module

_NAME = r"[^\W\d][\w-]*"
_DOT = r"\s*\.\s*"
_KEY = r'(?:\s*\[\s*(?:\d+(?:[eE]\+?\d+)?|"(?:[^"\\]|\\.)*")\s*\])?'
_MODULE = rf"module{_DOT}{_NAME}{_KEY}"
_MODULES = rf"{_MODULE}(?:{_DOT}{_MODULE})*"
_RESOURCE = rf"(?:(data|ephemeral|resource){_DOT})?({_NAME}){_DOT}({_NAME}){_KEY}"
_ADDRESS = re.compile(rf"\s*(?:({_MODULES})(?:{_DOT}(?!module\b){_RESOURCE})?|(?!module\b){_RESOURCE})\s*")
# Objects of the language that are no resources.
_NO_TYPES = frozenset({"var", "local", "each", "count", "path", "terraform", "self", "data", "ephemeral", "module"})
_TEMPLATE = re.compile(r"(?<![$%])(?:\$\$|%%)*[$%]\{")
_COMMENT = re.compile(r"//|#|/\*")


@dataclass(frozen=True, slots=True)
class Address:
    """An address, without the keys of instances.

    Attributes:
        modules: the names of the module calls that lead to it.
        mode: "resource", "data" or "ephemeral"; "" for a whole module.
        type, name: of the resource; "" for a whole module.
    """

    modules: tuple[str, ...]
    mode: str = ""
    type: str = ""
    name: str = ""

    def declared_in(self, root: Module) -> bool:
        """Whether the configuration declares it, or may: a module that is not installed is not known."""
        module = root
        for name in self.modules:
            if not any(block.type == "module" and block.labels[:1] == (name,) for block in module.blocks):
                return False
            if name not in module.children:
                return True
            module = module.children[name]
        return not self.mode or self in _resources_of(module)

    def __str__(self) -> str:
        modules = [f"module.{name}" for name in self.modules]
        mode = [] if self.mode in {"", "resource"} else [self.mode]
        return ".".join([*modules, *mode, *filter(None, (self.type, self.name))])


def parse_address(text: str) -> Address:
    """The address that `text` is.

    Raises:
        ValueError: it is none, and Terraform refuses it.
    """
    plain = text[: comment.start()] if (comment := _COMMENT.search(re.sub(r'"[^"]*"', _blank, text))) else text
    found = _ADDRESS.fullmatch(plain)
    if found is None or _TEMPLATE.search(plain):
        raise ValueError("not an address")
    modules = tuple(re.findall(rf"module{_DOT}({_NAME})", re.sub(r'"[^"]*"', _blank, found[1] or "")))
    in_module, in_root = found.groups()[1:4], found.groups()[4:]
    mode, kind, name = (one or other or "" for one, other in zip(in_module, in_root, strict=True))
    if kind in _NO_TYPES:
        raise ValueError("no resource")
    return Address(modules, mode or "resource" if kind else "", kind, name)


def nearest(address: Address, root: Module) -> str:
    """The declared address that is most like `address`; "" if none is like it."""
    declared = [str(each) for module in root.tree() for each in _resources_of(module)]
    return next(iter(difflib.get_close_matches(str(address), declared, n=1)), "")


def _resources_of(module: Module) -> Iterator[Address]:
    for block in module.blocks:
        inner = block.all("data") if block.type == "check" else (block,)
        for each in inner:
            if each.type in {"resource", "data", "ephemeral"} and len(each.labels) > 1:
                yield Address(module.name, each.type, *each.labels[:2])


def _blank(match: re.Match[str]) -> str:
    return "_" * len(match[0])
