"""Sensitive values, masked where Terraform marks them.

https://developer.hashicorp.com/terraform/internals/json-format (`before_sensitive`, `after_sensitive`)
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any


class Placeholder(str):
    """A text in place of a value: no value of Terraform is one, whatever it says."""

    __slots__ = ()


class _Changed(Placeholder):
    """A sensitive value that is not the one from before, as Terraform's plan tells, too."""

    __slots__ = ()


SENSITIVE = Placeholder("(sensitive)")
SENSITIVE_CHANGED = _Changed(SENSITIVE)


def mask_sensitive(value: Any, mask: Any) -> Any:
    """`value`, with every part masked that `mask` marks: a value of the same shape, True where sensitive.

    A part that has no value is told to have none, as Terraform tells it.
    """
    if value is None:
        return None
    if mask is True:
        # A placeholder of another kind says that it changes, or will be known later.
        return SENSITIVE_CHANGED if isinstance(value, Placeholder) and value is not SENSITIVE else SENSITIVE
    if isinstance(value, dict) and isinstance(mask, dict):
        return {key: mask_sensitive(item, mask.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(mask, list):
        return [mask_sensitive(item, mask[index] if index < len(mask) else None) for index, item in enumerate(value)]
    # A mask of another shape: better to show too little than too much.
    return SENSITIVE if _marks(mask) else value


def tell_changed(masked: Any, before: Any, after: Any) -> Any:
    """`masked`, with `SENSITIVE_CHANGED` in place of `SENSITIVE` where the value before was another one.

    Args:
        masked: `after`, masked.
        before: the value from before, not masked.
        after: the value, not masked.
    """
    if masked is SENSITIVE:
        return SENSITIVE if before == after else SENSITIVE_CHANGED
    if isinstance(masked, dict) and isinstance(before, dict):
        return {name: tell_changed(item, before.get(name), after[name]) for name, item in masked.items()}
    if isinstance(masked, list) and isinstance(before, list):
        pairs = zip_longest(masked, before[: len(masked)], after)
        return [tell_changed(item, was, will) for item, was, will in pairs]
    return masked


def _marks(mask: Any) -> bool:
    inner = mask.values() if isinstance(mask, dict) else mask if isinstance(mask, list) else ()
    return mask is True or any(map(_marks, inner))
