"""Which instances of resources and modules a configuration declares, as far as that is known before a plan.

https://developer.hashicorp.com/terraform/language/meta-arguments/count, …/for_each
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.terraform.addresses import instance_key
from tfmfa_nb.terraform.evaluation import Loop, Question
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.modules import REPEATS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfmfa_nb.terraform.addresses import Address
    from tfmfa_nb.terraform.evaluation import Evaluator
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module

_NO_KEY = frozenset({""})


class Instances:
    """The instances of what some addresses name; one console evaluates them all, if one is needed.

    Args:
        addresses: absolute ones.
        root: the root module.
        evaluator: evaluates `count` and `for_each`.
    """

    def __init__(self, addresses: Iterable[Address], root: Module, evaluator: Evaluator) -> None:
        self._root = root
        steps = [step for address in addresses for step in steps_to(address, root)]
        self._asked = {id(block): _question(module, block) for module, block in steps if _repeats(block)}
        evaluator.answer([*self._asked.values()])

    def exists(self, address: Address, *, whole: bool = False) -> bool | None:
        """Whether the configuration declares an instance; None if that is not known.

        Args:
            address: absolute address.
            whole: it stands for all instances of its last step, whatever their keys, and also for none.
        """
        steps = steps_to(address, self._root)
        if not steps:
            return None
        found = [self._has(block, key) for (_, block), key in zip(steps, address.keys, strict=True)]
        found = found[:-1] if whole else found
        return False if False in found else None if None in found else True

    def _has(self, block: Block, key: str) -> bool | None:
        keys = self._keys(block)
        return None if keys is None else key in keys

    def _keys(self, block: Block) -> frozenset[str] | None:
        """The keys of a block's instances; None if they are not known."""
        if not _repeats(block):
            return _NO_KEY
        answer = self._asked[id(block)].value
        return frozenset(map(instance_key, answer)) if isinstance(answer, list) else None


def steps_to(address: Address, root: Module) -> list[tuple[Module, Block]]:
    """The blocks that declare the modules of an absolute address and its resource, each with the module it stands in.

    Returns:
        Nothing if one of them is not declared, or its module is not installed.
    """
    steps: list[tuple[Module, Block]] = []
    wanted: list[tuple[str, tuple[str, ...]]] = [("module", (name,)) for name in address.modules]
    if address.mode:
        wanted.append(("resource", (address.type, address.name)))
    module: Module | None = root
    for kind, labels in wanted:
        blocks = module.blocks if module is not None else ()
        block = next((block for block in blocks if block.type == kind and block.labels == labels), None)
        if module is None or block is None:
            return []
        steps.append((module, block))
        module = module.children.get(labels[0])
    return steps


def _repeats(block: Block) -> bool:
    return bool(REPEATS & block.attributes.keys())


def _question(module: Module, block: Block) -> Question:
    """What the keys of a block's instances are, in order."""
    over = block.attributes.get("for_each")
    if over is not None:
        return Question(module, Expression("each.key"), (Loop("each", over),))
    return Question(module, Expression("count.index"), (Loop("count", block.attributes["count"]),))
