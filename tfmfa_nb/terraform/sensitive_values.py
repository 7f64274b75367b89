"""Sensitive values, masked where Terraform marks them.

https://developer.hashicorp.com/terraform/internals/json-format (`before_sensitive`, `after_sensitive`)
"""

from __future__ import annotations

from typing import Any


class Placeholder(str):
    """A text in place of a value: no value of Terraform is one, whatever it says."""

    __slots__ = ()


SENSITIVE = Placeholder("(sensitive)")


def mask_sensitive(value: Any, mask: Any) -> Any:
    """`value`, with every part masked that `mask` marks: a value of the same shape, True where sensitive."""
    if mask is True:
        return SENSITIVE
    if isinstance(value, dict) and isinstance(mask, dict):
        return {key: mask_sensitive(item, mask.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(mask, list):
        return [mask_sensitive(item, mask[index] if index < len(mask) else None) for index, item in enumerate(value)]
    # A mask of another shape: better to show too little than too much.
    return SENSITIVE if value is not None and _marks(mask) else value


def _marks(mask: Any) -> bool:
    inner = mask.values() if isinstance(mask, dict) else mask if isinstance(mask, list) else ()
    return mask is True or any(map(_marks, inner))
