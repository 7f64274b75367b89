"""Values of Python as HCL."""

from __future__ import annotations

import math
import os
from typing import Any

from tfmfa_nb.terraform.string_literals import encode


def to_hcl(value: Any) -> str:
    """A value as an HCL expression. Texts are no templates: `${` in one stands for itself.

    Args:
        value: None, a bool, a finite number (`int`, `float`, or `Decimal`), a text, or lists and dictionaries of such;
            members that are None are left out of a dictionary, as an attribute that is not set.

    Raises:
        TypeError: HCL has no such value.
    """
    if isinstance(value, dict):
        members = ((encode(str(key)), to_hcl(one)) for key, one in value.items() if one is not None)
        return "{" + ", ".join(f"{key} = {one}" for key, one in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(to_hcl, value)) + "]"
    if isinstance(value, str):
        return encode(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or _is_finite(value):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of Terraform")


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    from decimal import Decimal  # noqa: PLC0415 - hardly ever, and slow to import

    return isinstance(value, Decimal) and value.is_finite()


def to_variable(value: Any) -> str:
    """A value as `-var` and `TF_VAR_…` take it: a text as it is, everything else as an HCL expression.

    https://developer.hashicorp.com/terraform/language/values/variables#complex-typed-values

    Raises:
        TypeError: HCL has no such value, or it is None, which leaves the variable unset.
    """
    if value is None:
        raise TypeError("None is no value of Terraform; leave the option out")
    if isinstance(value, os.PathLike):
        return str(value)
    return value if isinstance(value, str) else to_hcl(value)
