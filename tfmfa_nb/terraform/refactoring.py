"""What Terraform finds wrong with `moved`, `removed`, and `import` blocks only once it plans, with credentials.

`terraform validate` checks each block by itself. Here they are held against the configuration and each other; what
depends on a module that is not installed, or on keys of instances that are not known yet, is left to the plan.

https://developer.hashicorp.com/terraform/language/modules/develop/refactoring, …/language/block/removed, …/import
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.addresses import Address, parse_address
from tfmfa_nb.terraform.instances import Instances, steps_to
from tfmfa_nb.terraform.validation import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.terraform.evaluation import Evaluator
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module


@dataclass(frozen=True, slots=True)
class _Move:
    """A `moved` block, with absolute addresses. `whole`: all instances, because neither side has a key at its end."""

    source: Address
    target: Address
    place: str

    @property
    def whole(self) -> bool:
        return not self.source.keys[-1] and not self.target.keys[-1]

    @property
    def start(self) -> tuple[Address, tuple[str, ...], bool]:
        return self.source, self.source.keys, self.whole

    @property
    def end(self) -> tuple[Address, tuple[str, ...], bool]:
        return self.target, self.target.keys, self.whole


def refactoring_faults(root: Module, evaluator: Evaluator, *, generates: bool = False) -> Iterator[Fault]:
    """The errors of such blocks, with Terraform's summaries and places.

    Args:
        root: the root module.
        evaluator: evaluates the `count` and `for_each` that decide which instances there are.
        generates: whether Terraform writes the configuration of what is imported.
    """
    statements = [(module, block) for module in root.tree() if not module.repeated for block in module.blocks]
    moves = [move for module, block in statements if block.type == "moved" for move in _moves(module, block)]
    imports = [] if generates else [block for block in root.blocks if block.type == "import"]
    targets = [(address, block) for block in imports if (address := _address(root, block, "to")) and address.mode]
    instances = Instances([*(move.source for move in moves), *(address for address, _ in targets)], root, evaluator)
    for move in moves:
        yield from _fault_of_move(move, root, instances)
    yield from _conflicts(moves)
    for module, block in statements:
        if block.type == "removed":
            yield from _fault_of_removed(module, block, root)
    for address, block in targets:
        yield from _fault_of_import(address, block, root, instances)


def _moves(module: Module, block: Block) -> Iterator[_Move]:
    source, target = (_address(module, block, name) for name in ("from", "to"))
    if source is not None and target is not None:
        yield _Move(source, target, block.place)


def _fault_of_move(move: _Move, root: Module, instances: Instances) -> Iterator[Fault]:
    if move.start == move.end:
        yield Fault(
            "Redundant move statement", f"{move.source} is moved to its own address: remove the block.", move.place
        )
    elif instances.exists(move.source, whole=move.whole):
        *_, (_, declared) = steps_to(move.source, root)
        yield Fault(
            "Moved object still exists",
            f"{move.source} is still declared at {declared.place}: declare it as {move.target}, or remove the block.",
            move.place,
        )


def _conflicts(moves: list[_Move]) -> Iterator[Fault]:
    """Where something moves to two places, two things move to one place, or a chain never ends."""
    by_start: dict[object, _Move] = {}
    by_end: dict[object, _Move] = {}
    for move in moves:
        first = by_start.setdefault(move.start, move)
        if first.end != move.end:
            detail = f"{first.place} moves {move.source} to {first.target}, and this block to {move.target}."
            yield Fault("Ambiguous move statements", detail, move.place)
        first = by_end.setdefault(move.end, move)
        if first.start != move.start:
            detail = f"{first.place} moves {first.source} to {move.target}, and this block {move.source}."
            yield Fault("Ambiguous move statements", detail, move.place)
    for move in moves:
        seen, last = [move.start], move
        while last.end in by_start and last.end not in seen:
            seen.append(last.end)
            last = by_start[last.end]
        if last.end == move.start != move.end:
            chain = " → ".join(str(by_start[one].source) for one in [*seen, move.start])
            yield Fault("Cyclic dependency in move statements", f"The blocks form a cycle: {chain}.", move.place)
            return


def _fault_of_removed(module: Module, block: Block, root: Module) -> Iterator[Fault]:
    address = _address(module, block, "from")
    if address is None or any(address.keys):  # with a key, `init` refuses it
        return
    for _, declared in steps_to(address, root)[-1:]:
        yield Fault(
            f"Removed {'resource' if address.mode else 'module'} still exists",
            f"{block.place} declares that {address} was removed: remove its declaration, or that block.",
            declared.place,
        )


def _fault_of_import(address: Address, block: Block, root: Module, instances: Instances) -> Iterator[Fault]:
    place = block.attributes["to"].place
    if not address.declared_in(root):
        yield Fault(
            "Configuration for import target does not exist",
            f"{address} is not declared: declare it, or let Terraform write it with --generate-config-out FILE.",
            place,
        )
    elif instances.exists(address) is False:
        yield Fault(
            "Configuration for import target does not exist",
            f"There is no such instance as {address}: see its count or for_each, and those of the modules above.",
            place,
        )


def _address(module: Module, block: Block, name: str) -> Address | None:
    """The absolute address in an argument; None if it is none that is written out, or no managed resource."""
    if name not in block.attributes:
        return None
    try:
        found = parse_address(block.attributes[name].text)
    except ValueError:
        return None
    if found.mode not in {"", "resource"}:
        return None
    keys = (*("" for _ in module.name), *found.keys)
    return Address((*module.name, *found.modules), found.mode, found.type, found.name, keys)
