"""Addresses of resources and modules, as `-target`, `-replace` and `-exclude` take them.

https://developer.hashicorp.com/terraform/cli/state/resource-addressing
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.string_literals import decode, encode

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
_STEP = re.compile(rf"({_NAME})|\[\s*(?:(\d[^\]\s]*)|\"((?:[^\"\\]|\\.)*)\")\s*\]")
_TEMPLATE = re.compile(r"(?<![$%])(?:\$\$|%%)*[$%]\{")
_COMMENT = re.compile(r"//|#|/\*")


@dataclass(frozen=True, slots=True)
class Address:
    """An address; two that differ only in the keys of instances are equal.

    Attributes:
        modules: the names of the module calls that lead to it.
        mode: "resource", "data" or "ephemeral"; "" for a module.
        type, name: of the resource; "" for a module.
        keys: of the instances, one for each module and then for the resource: '[0]', '["a"]', or "" for none.
    """

    modules: tuple[str, ...]
    mode: str = ""
    type: str = ""
    name: str = ""
    keys: tuple[str, ...] = field(default=(), compare=False)

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
        steps = [f"module.{name}" for name in self.modules]
        if self.mode:
            mode = "" if self.mode == "resource" else f"{self.mode}."
            steps.append(f"{mode}{self.type}.{self.name}")
        keys = self.keys or [""] * len(steps)
        return ".".join(f"{step}{key}" for step, key in zip(steps, keys, strict=True))


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
    return Address(modules, mode or "resource" if kind else "", kind, name, _keys(plain, len(modules)))


def instance_key(key: int | str) -> str:
    """How the key of an instance is written after its name: '[0]' for one of `count`, '["a"]' for one of `for_each`."""
    return f"[{key if isinstance(key, int) else encode(key)}]"


def _keys(plain: str, modules: int) -> tuple[str, ...]:
    """The keys in a valid address, each written in one way."""
    steps: list[str] = []
    for name, number, text in _STEP.findall(plain):
        if name:
            steps.append("")
        else:
            steps[-1] = instance_key(int(float(number)) if number else decode(text) or "")
    of_modules, of_resource = steps[1 : 2 * modules : 2], steps[2 * modules :][-1:]
    return (*of_modules, *of_resource)


def nearest(address: Address, root: Module) -> str:
    """The declared address that is most like `address`; "" if none is like it."""
    declared = [str(each) for module in root.tree() for each in _resources_of(module)]
    return next(iter(difflib.get_close_matches(str(address), declared, n=1)), "")


def _resources_of(module: Module) -> Iterator[Address]:
    for block in module.blocks:
        inner = block.all("data") if block.type == "check" else (block,)
        for each in inner:
            if each.type in {"resource", "data", "ephemeral"} and len(each.labels) > 1:
                yield Address(module.name, each.type, each.labels[0], each.labels[1])


def _blank(match: re.Match[str]) -> str:
    return "_" * len(match[0])
