"""Where a resource is declared in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.terraform.addresses import parse_address
from tfmfa_nb.terraform.hcl import parse

if TYPE_CHECKING:
    from tfmfa_nb.terraform.addresses import Address


def block_start(body: str, address: str) -> int | None:
    """The index of the first character of the line where a block begins; None if the HCL does not have the block.

    Args:
        body: the HCL of a cell.
        address: of a resource, whose block it is, or of one in a module, whose outermost call it is.
    """
    try:
        wanted = _words(parse_address(address))
    except ValueError:
        return None
    blocks, _ = parse(body.encode("utf-8", "replace"), "")
    line = next((block.line for block in blocks if (block.type, *block.labels) == wanted), None)
    return None if line is None else sum(len(each) + 1 for each in body.split("\n")[: line - 1])


def _words(address: Address) -> tuple[str, ...]:
    """The type and the labels of the block in the root module."""
    return ("module", address.modules[0]) if address.modules else (address.mode, address.type, address.name)
