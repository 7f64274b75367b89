"""Terraform's numbers in Python, with all their digits: Terraform calculates with about 150, and a `float` has 17.

https://developer.hashicorp.com/terraform/language/expressions/types#number
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal


def decimal_number(text: str) -> float | Decimal:
    """The value of a JSON number with a fraction or an exponent, for `json.loads(…, parse_float=decimal_number)`.

    Returns:
        A `float` if it has the very digits of `text`, as 0.5 and 1e-30 have, so that it compares and calculates as
        usual; otherwise a `decimal.Decimal`.
    """
    value = float(text)
    if repr(value) == text:
        return value
    from decimal import Decimal  # noqa: PLC0415 - hardly ever, and the process that follows Terraform starts fast

    exact = Decimal(text)
    return value if Decimal(repr(value)) == exact else exact


def number_text(value: float | Decimal) -> str:
    """A number as Terraform prints it: in full, without an exponent.

    Args:
        value: an `int`, a `float`, or a `Decimal`.
    """
    text = str(value)
    if "e" not in text.lower():
        return text
    from decimal import Decimal  # noqa: PLC0415

    return format(Decimal(text), "f")


def json_text(value: Any) -> str:
    """A value as JSON, in which numbers keep all their digits."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(name)}: {json_text(item)}' for name, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    if value is None or isinstance(value, str | bool):
        return json.dumps(value)
    return number_text(value)
