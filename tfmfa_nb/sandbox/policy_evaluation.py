"""IAM policies, as far as MFA needs them: what is not understood denies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Verdict(Enum):
    """What policies say together."""

    SILENT = "no statement applies"
    ALLOW = "allowed"
    DENY = "denied explicitly, which goes before everything"


@cache
def _pattern(wanted: str) -> re.Pattern[str]:
    """IAM's wildcards and no others: to `fnmatch` a bracket would mean something too."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in wanted), re.DOTALL)


def _like(found: str, wanted: str) -> bool:
    return _pattern(wanted).fullmatch(found) is not None


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
    "StringLike": _like,
    "StringNotLike": lambda found, wanted: not _like(found, wanted),
    "ArnEquals": _like,
    "ArnLike": _like,
    "NumericEquals": _number(lambda a, b: a == b),
    "NumericLessThan": _number(lambda a, b: a < b),
    "NumericLessThanEquals": _number(lambda a, b: a <= b),
    "NumericGreaterThan": _number(lambda a, b: a > b),
    "NumericGreaterThanEquals": _number(lambda a, b: a >= b),
}
_NEGATED = {"StringNotEquals", "StringNotLike"}


def trusts(document: str, names: Iterable[str], context: Mapping[str, str]) -> bool:
    """Whether a role's trust policy lets a caller who goes by `names` assume it."""
    known = set(names)

    def fits(statement: dict[str, Any]) -> bool:
        if "NotPrincipal" in statement:
            return statement.get("Effect") == "Deny"
        principal = statement.get("Principal")
        named = _list(principal.get("AWS")) if isinstance(principal, dict) else _list(principal)
        return "*" in named or bool(known.intersection(str(one) for one in named))

    return _decide([document], "sts:AssumeRole", None, context, fits) is Verdict.ALLOW


def allows(documents: Iterable[str], action: str, resource: str | None, context: Mapping[str, str]) -> bool:
    """Whether identity policies allow `action`; see `decide`."""
    return decide(documents, action, resource, context) is Verdict.ALLOW


def decide(documents: Iterable[str], action: str, resource: str | None, context: Mapping[str, str]) -> Verdict:
    """What identity policies say.

    Args:
        documents: as JSON.
        action: "sts:AssumeRole".
        resource: its ARN; None where it is not known: then any resource may be denied, and only "*" is allowed.
        context: the request's condition keys.
    """
    return _decide(documents, action, resource, context, lambda _: True)


def _decide(
    documents: Iterable[str],
    action: str,
    resource: str | None,
    context: Mapping[str, str],
    fits: Callable[[dict[str, Any]], bool],
) -> Verdict:
    verdict = Verdict.SILENT
    for document in documents:
        for statement in _list(json.loads(document).get("Statement")):
            deny = statement.get("Effect") != "Allow"
            if not (fits(statement) and _covers(statement, action, resource, deny=deny)):
                continue
            if _conditions(statement.get("Condition") or {}, context, unknown=deny):
                if deny:
                    return Verdict.DENY
                verdict = Verdict.ALLOW
    return verdict


def _covers(statement: dict[str, Any], action: str, resource: str | None, *, deny: bool) -> bool:
    def among(key: str, value: str) -> bool:
        return any(_like(value.lower(), str(one).lower()) for one in _list(statement.get(key)))

    if not (among("Action", action) or ("NotAction" in statement and not among("NotAction", action))):
        return False
    if "NotResource" in statement:
        return deny if resource is None else not among("NotResource", resource)
    if "Resource" not in statement:
        return "Principal" in statement or "NotPrincipal" in statement
    if resource is None:
        return deny or "*" in _list(statement["Resource"])
    return any(_like(resource, str(one)) for one in _list(statement["Resource"]))


def _conditions(conditions: dict[str, Any], context: Mapping[str, str], *, unknown: bool) -> bool:
    """Whether all hold; an operator that is not known counts as `unknown`, so that it denies either way."""
    given = {name.lower(): value for name, value in context.items()}
    return all(
        _holds(operator, given.get(key.lower()), [str(one) for one in _list(wanted)], unknown=unknown)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, found: str | None, wanted: list[str], *, unknown: bool) -> bool:
    if operator == "Null":
        return str(found is None).lower() in {one.lower() for one in wanted}
    base = operator.removesuffix("IfExists")
    test = _OPERATORS.get(base)
    if test is None:
        return unknown
    if found is None:
        return base != operator or base in _NEGATED
    return (all if base in _NEGATED else any)(test(found, one) for one in wanted)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
