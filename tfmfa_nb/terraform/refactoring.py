"""What Terraform finds wrong with `moved`, `removed`, and `import` blocks only once it plans, with credentials.

`terraform validate` checks each block by itself. Here they are held against the configuration and each other; what
depends on the keys of instances, or on a module that is not installed, is left to the plan.

https://developer.hashicorp.com/terraform/language/modules/develop/refactoring, …/language/block/removed, …/import
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.addresses import Address, parse_address
from tfmfa_nb.terraform.modules import REPEATS
from tfmfa_nb.terraform.validation import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module

_KEY = "["


@dataclass(frozen=True, slots=True)
class _Move:
    """A `moved` block, with absolute addresses. `whole`: neither has the key of an instance."""

    source: Address
    target: Address
    place: str
    whole: bool


def refactoring_faults(root: Module, *, generates: bool = False) -> Iterator[Fault]:
    """The errors of such blocks, with Terraform's summaries and places.

    Args:
        root: the root module.
        generates: whether Terraform writes the configuration of what is imported.
    """
    statements = [(module, block) for module in root.tree() if not module.repeated for block in module.blocks]
    moves = [move for module, block in statements if block.type == "moved" for move in _moves(module, block)]
    for move in moves:
        yield from _fault_of_move(move, root)
    yield from _conflicts([move for move in moves if move.whole])
    for module, block in statements:
        if block.type == "removed":
            yield from _fault_of_removed(module, block, root)
        elif block.type == "import" and not module.name and not generates:
            yield from _fault_of_import(block, root)


def _moves(module: Module, block: Block) -> Iterator[_Move]:
    source, target = (_address(module, block, name) for name in ("from", "to"))
    if source is not None and target is not None and not _has_key(block, "from"):
        yield _Move(source, target, block.place, not _has_key(block, "to"))


def _fault_of_move(move: _Move, root: Module) -> Iterator[Fault]:
    if move.whole and move.source == move.target:
        yield Fault(
            "Redundant move statement", f"{move.source} is moved to its own address: remove the block.", move.place
        )
        return
    declared = _declaration(move.source, root)
    # With a key on the other side, it is about the one instance that has none.
    if declared is not None and (move.whole or not REPEATS & declared.attributes.keys()):
        yield Fault(
            "Moved object still exists",
            f"{move.source} is still declared at {declared.place}: declare it as {move.target}, or remove the block.",
            move.place,
        )


def _conflicts(moves: list[_Move]) -> Iterator[Fault]:
    """Where something moves to two places, two things move to one place, or a chain never ends."""
    by_source: dict[Address, _Move] = {}
    by_target: dict[Address, _Move] = {}
    for move in moves:
        first = by_source.setdefault(move.source, move)
        if first.target != move.target:
            detail = f"{first.place} moves {move.source} to {first.target}, and this block to {move.target}."
            yield Fault("Ambiguous move statements", detail, move.place)
        first = by_target.setdefault(move.target, move)
        if first.source != move.source:
            detail = f"{first.place} moves {first.source} to {move.target}, and this block {move.source}."
            yield Fault("Ambiguous move statements", detail, move.place)
    for move in moves:
        seen, address = [move.source], move.target
        while address in by_source and address not in seen:
            seen.append(address)
            address = by_source[address].target
        if address == move.source != move.target:
            chain = " → ".join(map(str, [*seen, address]))
            yield Fault("Cyclic dependency in move statements", f"The blocks form a cycle: {chain}.", move.place)
            return


def _fault_of_removed(module: Module, block: Block, root: Module) -> Iterator[Fault]:
    address = None if _has_key(block, "from") else _address(module, block, "from")
    declared = None if address is None else _declaration(address, root, repeated=True)
    if address is not None and declared is not None:
        yield Fault(
            f"Removed {'resource' if address.mode else 'module'} still exists",
            f"{block.place} declares that {address} was removed: remove its declaration, or that block.",
            declared.place,
        )


def _fault_of_import(block: Block, root: Module) -> Iterator[Fault]:
    address = None if _has_key(block, "to") else _address(root, block, "to")
    if address is not None and address.mode and not address.declared_in(root):
        yield Fault(
            "Configuration for import target does not exist",
            f"{address} is not declared: declare it, or let Terraform write it with --generate-config-out FILE.",
            block.attributes["to"].place,
        )


def _has_key(block: Block, name: str) -> bool:
    return name in block.attributes and _KEY in block.attributes[name].text


def _address(module: Module, block: Block, name: str) -> Address | None:
    """The absolute address in an argument; None if it is none that is written out, or no managed resource."""
    if name not in block.attributes:
        return None
    try:
        found = parse_address(block.attributes[name].text)
    except ValueError:
        return None
    managed = found.mode in {"", "resource"}
    return Address((*module.name, *found.modules), found.mode, found.type, found.name) if managed else None


def _declaration(address: Address, root: Module, *, repeated: bool = False) -> Block | None:
    """The block that declares an address; None if there is none, or if that is not certain.

    Args:
        address: absolute address.
        root: the root module.
        repeated: also in a module of which there are several instances, or none.
    """
    names = address.modules if address.mode else address.modules[:-1]
    labels = (address.type, address.name) if address.mode else address.modules[-1:]
    module = root
    for name in names:
        if name not in module.children:
            return None
        module = module.children[name]
    if module.repeated and not repeated:
        return None
    kind = "resource" if address.mode else "module"
    return next((block for block in module.blocks if block.type == kind and block.labels == labels), None)
