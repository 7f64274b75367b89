"""Override files, whose settings replace those of the other files.

https://developer.hashicorp.com/terraform/language/files/override
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tfmfa_nb.terraform.hcl import Block


def is_override(stem: str) -> bool:
    """Whether a file is an override file, by its name without ".tf" or ".tf.json"."""
    return stem == "override" or stem.endswith("_override")


def merge(blocks: Iterable[Block], overrides: Sequence[Block]) -> tuple[Block, ...]:
    """`blocks`, merged with the blocks of the override files.

    Blocks of locals and required providers are only appended: readers let the last one of a name count.
    """
    merged = list(blocks)
    for override in overrides:
        if override.type == "terraform" and any(inner.type in {"backend", "cloud"} for inner in override.blocks):
            merged = [_without_backend(block) for block in merged]
        places = [index for index, block in enumerate(merged) if _key(block) == _key(override)]
        if places and override.type not in {"terraform", "locals"}:
            merged[places[-1]] = _merged(merged[places[-1]], override)
        else:
            merged.append(override)
    return tuple(merged)


def _key(block: Block) -> tuple[str, tuple[str, ...], str]:
    alias = block.attributes.get("alias") if block.type == "provider" else None
    return block.type, block.labels, alias.literal or alias.text if alias else ""


def _merged(block: Block, override: Block) -> Block:
    """The block, with attributes replaced one by one, and nested blocks by their type."""
    replaced = {_nested_type(inner) for inner in override.blocks}
    kept = (inner for inner in block.blocks if _nested_type(inner) not in replaced)
    return replace(block, attributes={**block.attributes, **override.attributes}, blocks=(*kept, *override.blocks))


def _nested_type(block: Block) -> str:
    """The type of a nested block; of a `dynamic` block, the type that it generates."""
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


def _without_backend(block: Block) -> Block:
    if block.type != "terraform":
        return block
    return replace(block, blocks=tuple(inner for inner in block.blocks if inner.type not in {"backend", "cloud"}))
