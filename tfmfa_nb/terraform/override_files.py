"""Override files: what they say takes the place of what the other files say.

https://developer.hashicorp.com/terraform/language/files/override
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tfmfa_nb.terraform.hcl import Block


def is_override(stem: str) -> bool:
    """Whether a file's name, without ".tf" or ".tf.json", makes it one."""
    return stem == "override" or stem.endswith("_override")


def merge(blocks: Iterable[Block], overrides: Sequence[Block]) -> tuple[Block, ...]:
    """`blocks` as the overrides leave them.

    Locals and required providers are told apart by their names: there the last one counts.
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
    """Attributes one by one; nested blocks by type, `dynamic` ones by the type that they make."""
    replaced = {_makes(inner) for inner in override.blocks}
    kept = (inner for inner in block.blocks if _makes(inner) not in replaced)
    return replace(block, attributes={**block.attributes, **override.attributes}, blocks=(*kept, *override.blocks))


def _makes(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


def _without_backend(block: Block) -> Block:
    if block.type != "terraform":
        return block
    return replace(block, blocks=tuple(inner for inner in block.blocks if inner.type not in {"backend", "cloud"}))
