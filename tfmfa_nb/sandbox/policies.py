"""IAM policies, as far as MFA needs them: what is not understood denies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import fnmatch
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def _number(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare(found: str, wanted: str) -> bool:
        try:
            return test(float(found), float(wanted))
        except ValueError:
            return False

    return compare


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Bool": lambda found, wanted: found.lower() == wanted.lower(),
    "StringEquals": lambda found, wanted: found == wanted,
    "StringNotEquals": lambda found, wanted: found != wanted,
    "StringEqualsIgnoreCase": lambda found, wanted: found.lower() == wanted.lower(),
    "StringLike": fnmatch.fnmatchcase,
    "StringNotLike": lambda found, wanted: not fnmatch.fnmatchcase(found, wanted),
    "ArnEquals": fnmatch.fnmatchcase,
    "ArnLike": fnmatch.fnmatchcase,
    "NumericEquals": _number(lambda a, b: a == b),
    "NumericLessThan": _number(lambda a, b: a < b),
    "NumericLessThanEquals": _number(lambda a, b: a <= b),
    "NumericGreaterThan": _number(lambda a, b: a > b),
    "NumericGreaterThanEquals": _number(lambda a, b: a >= b),
}
_NEGATED = {"StringNotEquals", "StringNotLike"}


def trusts(document: str, caller: Iterable[str], context: Mapping[str, str]) -> bool:
    """Whether a role's trust policy lets one of the `caller`'s names assume it."""
    names = set(caller)

    def fits(statement: dict[str, Any]) -> bool:
        principal = statement.get("Principal")
        if principal == "*":
            return True
        return isinstance(principal, dict) and bool(names & set(_list(principal.get("AWS"))) or _any(principal))

    return _decide([document], "sts:AssumeRole", None, context, fits)


def allows(documents: Iterable[str], action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether identity policies allow `action` on `resource`; an explicit denial goes before everything."""
    return _decide(documents, action, resource, context, lambda _: True)


def _decide(
    documents: Iterable[str],
    action: str,
    resource: str | None,
    context: Mapping[str, str],
    fits: Callable[[dict[str, Any]], bool],
) -> bool:
    allowed = False
    for document in documents:
        for statement in _statements(document):
            deny = statement.get("Effect") != "Allow"
            if not (fits(statement) and _names(statement, action, resource)):
                continue
            conditions = _conditions(statement.get("Condition"), context, unknown=deny)
            if deny and conditions:
                return False
            allowed = allowed or (conditions and not deny)
    return allowed


def _statements(document: str) -> list[dict[str, Any]]:
    policy = json.loads(document) if isinstance(document, str) else document
    return [statement for statement in _list(policy.get("Statement")) if isinstance(statement, dict)]


def _names(statement: dict[str, Any], action: str, resource: str | None) -> bool:
    if "NotAction" in statement or "NotResource" in statement or "NotPrincipal" in statement:
        return statement.get("Effect") == "Deny"
    if not any(fnmatch.fnmatchcase(action.lower(), str(one).lower()) for one in _list(statement.get("Action"))):
        return False
    return resource is None or any(fnmatch.fnmatchcase(resource, str(one)) for one in _list(statement.get("Resource")))


def _conditions(conditions: Any, context: Mapping[str, str], *, unknown: bool) -> bool:
    """Whether all hold; an operator that is not known counts as `unknown`, so that it denies either way."""
    for operator, keys in (conditions or {}).items():
        base, if_exists = operator.removesuffix("IfExists"), operator.endswith("IfExists")
        test = _OPERATORS.get(base)
        if test is None or not isinstance(keys, dict):
            return unknown
        for key, wanted in keys.items():
            found = next((value for name, value in context.items() if name.lower() == key.lower()), None)
            if found is None:
                if if_exists or base in _NEGATED:
                    continue
                return False
            results = [test(found, str(one)) for one in _list(wanted)]
            if not (all(results) if base in _NEGATED else any(results)):
                return False
    return True


def _any(principal: dict[str, Any]) -> bool:
    return "*" in _list(principal.get("AWS"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
