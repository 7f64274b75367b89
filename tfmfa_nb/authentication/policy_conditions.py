"""Evaluates one condition of an IAM policy against the known part of a request: True, False, or None for unknown.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_BOOLEANS = {"true", "false"}


@dataclass(frozen=True, slots=True)
class Between:
    """A number known only within bounds, both inclusive, such as the age of a session's MFA."""

    low: float
    high: float


Known = str | Between | None


def holds(operator: str, wanted: tuple[str, ...] | None, key: str, context: Mapping[str, Known]) -> bool | None:
    """True if the condition holds for the request, False if it does not, None if that is unknown.

    Args:
        operator: operator as the policy spells it: "Bool", "StringLikeIfExists".
        wanted: the policy's values; None if their form is not supported.
        key: condition key in lowercase.
        context: values by condition key; None for a key known to be absent. Keys not in it are unknown.
    """
    if not wanted or key not in context or any("${" in value for value in wanted):  # AWS substitutes policy variables
        return None
    found = context[key]
    if operator == "Null":
        booleans = {value.lower() for value in wanted}
        return str(found is None).lower() in booleans if booleans <= _BOOLEANS else None
    base = operator.removesuffix("IfExists")
    if base not in _OPERATORS:
        return None
    test, negated = _OPERATORS[base]
    if found is None:
        return negated or base != operator
    results = {test(found, value) for value in wanted}
    matches = True if True in results else None if None in results else False
    return matches if matches is None else matches is not negated


def _text(test: Callable[[str, str], bool]) -> Callable[[str | Between, str], bool | None]:
    return lambda found, wanted: test(found, wanted) if isinstance(found, str) else None


def _boolean(found: str | Between, wanted: str) -> bool | None:
    if not isinstance(found, str) or found.lower() not in _BOOLEANS or wanted.lower() not in _BOOLEANS:
        return None
    return found.lower() == wanted.lower()


def _number(test: Callable[[Between, float], bool | None]) -> Callable[[str | Between, str], bool | None]:
    def compare(found: str | Between, wanted: str) -> bool | None:
        if isinstance(found, str):
            if not _NUMBER.fullmatch(found):
                return None
            found = Between(float(found), float(found))
        return test(found, float(wanted)) if _NUMBER.fullmatch(wanted) else None

    return compare


def _below(found: Between, wanted: float) -> bool | None:
    return True if found.high < wanted else False if found.low >= wanted else None


def _at_most(found: Between, wanted: float) -> bool | None:
    return True if found.high <= wanted else False if found.low > wanted else None


def _equal(found: Between, wanted: float) -> bool | None:
    if found.low == found.high:
        return found.low == wanted
    return None if found.low <= wanted <= found.high else False


def _not(test: Callable[[Between, float], bool | None]) -> Callable[[Between, float], bool | None]:
    def opposite(found: Between, wanted: float) -> bool | None:
        result = test(found, wanted)
        return None if result is None else not result

    return opposite


def _like(found: str, wanted: str) -> bool:
    pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, found, re.DOTALL) is not None


# Operator → comparison of one value, and True if the operator negates it. A negated operator holds if the comparison
# is false for every value, or if the key is absent.
_OPERATORS: dict[str, tuple[Callable[[str | Between, str], bool | None], bool]] = {
    "Bool": (_boolean, False),
    "StringEquals": (_text(lambda found, wanted: found == wanted), False),
    "StringNotEquals": (_text(lambda found, wanted: found == wanted), True),
    "StringEqualsIgnoreCase": (_text(lambda found, wanted: found.lower() == wanted.lower()), False),
    "StringLike": (_text(_like), False),
    "StringNotLike": (_text(_like), True),
    "NumericEquals": (_number(_equal), False),
    "NumericLessThan": (_number(_below), False),
    "NumericLessThanEquals": (_number(_at_most), False),
    "NumericGreaterThan": (_number(_not(_at_most)), False),
    "NumericGreaterThanEquals": (_number(_not(_below)), False),
}
