"""Evaluates IAM policies, as far as MFA needs it; an element that is not supported denies.

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
    """The decision of several policies together."""

    SILENT = "no statement applies"
    ALLOW = "allowed"
    DENY = "denied explicitly, which overrides every permission"


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    """IAM's wildcards; `fnmatch` would also give brackets a meaning."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in pattern), re.DOTALL)


def _like(actual: str, expected: str) -> bool:
    return _regex(expected).fullmatch(actual) is not None


def _number(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare(actual: str, expected: str) -> bool:
        try:
            return test(float(actual), float(expected))
        except ValueError:
            return False

    return compare


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Bool": lambda actual, expected: actual.lower() == expected.lower(),
    "StringEquals": lambda actual, expected: actual == expected,
    "StringNotEquals": lambda actual, expected: actual != expected,
    "StringEqualsIgnoreCase": lambda actual, expected: actual.lower() == expected.lower(),
    "StringLike": _like,
    "StringNotLike": lambda actual, expected: not _like(actual, expected),
    "ArnEquals": _like,
    "ArnLike": _like,
    "NumericEquals": _number(lambda a, b: a == b),
    "NumericLessThan": _number(lambda a, b: a < b),
    "NumericLessThanEquals": _number(lambda a, b: a <= b),
    "NumericGreaterThan": _number(lambda a, b: a > b),
    "NumericGreaterThanEquals": _number(lambda a, b: a >= b),
}
_NEGATED = {"StringNotEquals", "StringNotLike"}
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WITH_VARIABLES = "2012-10-17"  # in policies of an older version, or of none, "${" is two characters


def trusts(
    document: str, principals: Iterable[str], context: Mapping[str, str], action: str = "sts:AssumeRole"
) -> bool:
    """Whether a role's trust policy lets a caller assume the role.

    Args:
        document: the trust policy, as JSON.
        principals: every principal that includes the caller.
        context: the condition keys of the request.
        action: what the call needs: "sts:AssumeRole", "sts:SetSourceIdentity".
    """
    own = set(principals)

    def applies(statement: dict[str, Any]) -> bool:
        if "NotPrincipal" in statement:
            return statement.get("Effect") == "Deny"
        principal = statement.get("Principal")
        named = _list(principal.get("AWS")) if isinstance(principal, dict) else _list(principal)
        return "*" in named or bool(own.intersection(str(one) for one in named))

    return _decide([document], action, None, context, applies) is Verdict.ALLOW


def allows(documents: Iterable[str], action: str, resource: str | None, context: Mapping[str, str]) -> bool:
    """Whether identity policies allow `action`; see `decide`."""
    return decide(documents, action, resource, context) is Verdict.ALLOW


def decide(documents: Iterable[str], action: str, resource: str | None, context: Mapping[str, str]) -> Verdict:
    """Evaluate identity policies.

    Args:
        documents: the policies, as JSON.
        action: such as "sts:AssumeRole".
        resource: an ARN; None if it is not known: a statement about any resource then denies, but only one about "*"
            allows.
        context: the condition keys of the request.
    """
    return _decide(documents, action, resource, context, lambda _: True)


def _decide(
    documents: Iterable[str],
    action: str,
    resource: str | None,
    context: Mapping[str, str],
    applies: Callable[[dict[str, Any]], bool],
) -> Verdict:
    verdict = Verdict.SILENT
    for document in documents:
        policy = json.loads(document)
        variables = context if policy.get("Version") == _WITH_VARIABLES else None
        for statement in _list(policy.get("Statement")):
            deny = statement.get("Effect") != "Allow"
            if not (applies(statement) and _covers(statement, action, resource, deny=deny)):
                continue
            if _conditions(statement.get("Condition") or {}, context, variables, unsupported=deny):
                if deny:
                    return Verdict.DENY
                verdict = Verdict.ALLOW
    return verdict


def _covers(statement: dict[str, Any], action: str, resource: str | None, *, deny: bool) -> bool:
    def matches(key: str, value: str) -> bool:
        return any(_like(value.lower(), str(one).lower()) for one in _list(statement.get(key)))

    if not (matches("Action", action) or ("NotAction" in statement and not matches("NotAction", action))):
        return False
    if "NotResource" in statement:
        return deny if resource is None else not matches("NotResource", resource)
    if "Resource" not in statement:
        return "Principal" in statement or "NotPrincipal" in statement
    if resource is None:
        return deny or "*" in _list(statement["Resource"])
    return any(_like(resource, str(one)) for one in _list(statement["Resource"]))


def _conditions(
    conditions: dict[str, Any],
    context: Mapping[str, str],
    variables: Mapping[str, str] | None,
    *,
    unsupported: bool,
) -> bool:
    """Whether all conditions hold; an unsupported operator counts as `unsupported`, so that it denies either way.

    So does a policy variable without a value (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
    """
    values = {name.lower(): value for name, value in context.items()}
    known = None if variables is None else {name.lower(): value for name, value in variables.items()}

    def holds(operator: str, key: str, expected: Any) -> bool:
        wanted = [_resolved(str(one), known) for one in _list(expected)]
        if None in wanted:
            return unsupported
        return _holds(operator, values.get(key.lower()), [one or "" for one in wanted], unsupported=unsupported)

    return all(holds(operator, key, wanted) for operator, keys in conditions.items() for key, wanted in keys.items())


def _resolved(text: str, variables: Mapping[str, str] | None) -> str | None:
    """The text with the values of its policy variables; None if one has no value."""
    names = _VARIABLE.findall(text) if variables is not None else []
    if variables is None or any(name.lower() not in variables for name in names):
        return None if names else text
    return _VARIABLE.sub(lambda found: variables[found[1].lower()], text)


def _holds(operator: str, actual: str | None, expected: list[str], *, unsupported: bool) -> bool:
    if operator == "Null":
        return str(actual is None).lower() in {one.lower() for one in expected}
    base = operator.removesuffix("IfExists")
    test = _OPERATORS.get(base)
    if test is None:
        return unsupported
    if actual is None:
        return base != operator or base in _NEGATED
    return (all if base in _NEGATED else any)(test(actual, one) for one in expected)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
