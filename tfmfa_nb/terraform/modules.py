"""A module of a configuration, and the modules that it calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfmfa_nb.terraform.expressions import Expression
    from tfmfa_nb.terraform.hcl import Block

REPEATS = frozenset({"count", "for_each"})


@dataclass(frozen=True, eq=False)
class Module:
    """One module call; a module that is called twice is two of these.

    Attributes:
        name: the names of the calls that lead here; empty for the root.
        path: the value of `path.module`: ".", "modules/net".
        call: the calling block; None for the root.
        parent: the module of that block.
    """

    name: tuple[str, ...]
    path: str
    blocks: tuple[Block, ...]
    call: Block | None = None
    parent: Module | None = None
    children: dict[str, Module] = field(default_factory=dict)

    def __post_init__(self) -> None:
        of: dict[str, dict[str, Block]] = {"variable": {}, "output": {}}
        local: dict[str, Expression] = {}
        for block in self.blocks:
            if block.type == "locals":
                local |= block.attributes
            elif block.type in of and block.labels:
                of[block.type][block.labels[0]] = block
        object.__setattr__(self, "locals", local)
        object.__setattr__(self, "variables", of["variable"])
        object.__setattr__(self, "outputs", of["output"])

    locals: Mapping[str, Expression] = field(init=False, repr=False)
    variables: Mapping[str, Block] = field(init=False, repr=False)
    outputs: Mapping[str, Block] = field(init=False, repr=False)

    @property
    def address(self) -> str:
        """The prefix of the addresses in this module: "", "module.net."."""
        return "".join(f"module.{name}." for name in self.name)

    @property
    def paths(self) -> frozenset[str]:
        """The folders of this module and of those above."""
        return frozenset(module.path for module in self.line())

    @property
    def repeated(self) -> bool:
        """Whether this call, or one above, has `count` or `for_each`."""
        return any(module.repeated_here for module in self.line())

    @property
    def repeated_here(self) -> bool:
        """Whether this call has `count` or `for_each`."""
        return self.call is not None and bool(REPEATS & self.call.attributes.keys())

    def line(self) -> Iterator[Module]:
        """This module, its parent, and so on up to the root."""
        module: Module | None = self
        while module is not None:
            yield module
            module = module.parent

    def tree(self) -> Iterator[Module]:
        """This module and all below."""
        waiting = [self]
        while waiting:
            yield (module := waiting.pop())
            waiting += reversed(module.children.values())
