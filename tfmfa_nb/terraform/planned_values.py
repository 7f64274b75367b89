"""Planned values, with placeholders for what is sensitive and for what only the apply will know.

`terraform show -json` has three values of the same shape: what is known, what is unknown, and what is sensitive. In the
first one, an unknown member of an object is missing and an unknown element of a list is null.

https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from tfmfa_nb.terraform.sensitive_values import Placeholder, mask_sensitive

UNKNOWN = Placeholder("(known after apply)")


def planned_value(value: Any, unknown: Any, sensitive: Any) -> Any:
    """One value, with `UNKNOWN` for each unknown part and `SENSITIVE` for each sensitive one.

    Args:
        value: what is known, from JSON.
        unknown: the same shape, True where unknown.
        sensitive: the same shape, True where sensitive. A sensitive part is not told to be unknown.
    """
    return mask_sensitive(_with_unknown(value, unknown), sensitive)


def _with_unknown(value: Any, unknown: Any) -> Any:
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict) and (isinstance(value, dict) or (value is None and _marks(unknown))):
        members = value or {}
        missing = (name for name, mark in unknown.items() if name not in members and _marks(mark))
        return {name: _with_unknown(members.get(name), unknown.get(name)) for name in (*members, *missing)}
    if isinstance(unknown, list) and (isinstance(value, list) or (value is None and _marks(unknown))):
        return [_with_unknown(item, mark) for item, mark in zip_longest(value or (), unknown)]
    return value


def _marks(unknown: Any) -> bool:
    inner = unknown.values() if isinstance(unknown, dict) else unknown if isinstance(unknown, list) else ()
    return unknown is True or any(map(_marks, inner))
