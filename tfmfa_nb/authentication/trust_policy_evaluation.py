"""Evaluates a role's trust policy for one request: True, False, or None for unknown. Nothing is guessed.

An operator, condition key, principal, or form that is not supported, or whose value is unknown, evaluates to None, and
so does everything that depends on it. The result explains a refusal; it never grants access.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.policy_conditions import Known, holds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Decision = bool | None


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of AssumeRole, by the names that a trust policy may use.

    Attributes:
        arn: ARN that STS returns, for messages.
        principal: ARN that trust policies use: the user's, or the role's rather than its session's.
    """

    arn: str
    principal: str

    @property
    def account(self) -> str:
        """The account ID."""
        return account_of(self.principal)

    @property
    def names(self) -> frozenset[str]:
        """Every principal that stands for this caller or for its whole account."""
        partition = self.principal.split(":")[1] if self.principal.count(":") > 1 else "aws"
        return frozenset({self.arn, self.principal, self.account, f"arn:{partition}:iam::{self.account}:root"})


@dataclass(frozen=True, slots=True)
class Element:
    """One part of a statement.

    Attributes:
        kind: "principal", "action", "condition", or "form".
        matches: True if the part matches the request; None if that is unknown.
        key: key of a condition, in lowercase.
        text: the condition as text: 'Bool aws:MultiFactorAuthPresent "false"'.
    """

    kind: str
    matches: Decision
    key: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the policy.

    Attributes:
        number: position in the policy, counted from 0.
        deny: True for a Deny statement.
    """

    number: int
    deny: bool
    elements: tuple[Element, ...]

    @property
    def applies(self) -> Decision:
        """True if the statement applies to the request; None if that is unknown."""
        return all_of(element.matches for element in self.elements)


@dataclass(frozen=True, slots=True)
class TrustDecision:
    """The evaluation of a whole trust policy.

    Attributes:
        allowed: True if the policy allows the request; None if that is unknown.
        statements: the policy's statements; empty if the policy cannot be parsed.
    """

    allowed: Decision
    statements: tuple[Statement, ...] = ()


def evaluate(
    document: str, names: Iterable[str], context: Mapping[str, Known], *, action: str = "sts:AssumeRole"
) -> TrustDecision:
    """Evaluate a trust policy.

    Args:
        document: the policy as JSON.
        names: every principal that stands for the caller, including its account's root and ID.
        context: values by condition key in lowercase; None for a key known to be absent. Keys not in it are unknown.
        action: action to evaluate: "sts:AssumeRole", "sts:TagSession".
    """
    try:
        found = json.loads(document).get("Statement")
    except (ValueError, AttributeError, RecursionError):
        return TrustDecision(None)
    documents = found if isinstance(found, list) else [found]
    if not documents or not all(isinstance(one, dict) and one.get("Effect") in {"Allow", "Deny"} for one in documents):
        return TrustDecision(None)
    known = frozenset(names)
    statements = tuple(
        Statement(
            number,
            one["Effect"] == "Deny",
            (_principal(one, known), _action(one, action), *_form(one), *_conditions(one.get("Condition"), context)),
        )
        for number, one in enumerate(documents)
    )
    denied = any_of(one.applies for one in statements if one.deny)
    allowed = any_of(one.applies for one in statements if not one.deny)
    return TrustDecision(all_of((None if denied is None else not denied, allowed)), statements)


def account_of(arn: str) -> str:
    """The account ID in an ARN; "" if it has none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""  # noqa: PLR2004 - arn:partition:service:region:account:…


def all_of(decisions: Iterable[Decision]) -> Decision:
    """False if any decision is False, True only if all are."""
    values = tuple(decisions)
    return False if False in values else None if None in values else True


def any_of(decisions: Iterable[Decision]) -> Decision:
    """True if any decision is True, False only if all are."""
    values = tuple(decisions)
    return True if True in values else None if None in values else False


def _principal(statement: dict[str, Any], names: frozenset[str]) -> Element:
    principal = statement.get("Principal")
    if "NotPrincipal" in statement or principal is None:
        return Element("principal", None)
    if principal == "*":
        return Element("principal", matches=True)
    if not isinstance(principal, dict):
        return Element("principal", None)
    named = strings(principal.get("AWS", []))  # the caller is never a service or a federated user
    if named is None:
        return Element("principal", None)
    if "*" in named or names.intersection(named):
        return Element("principal", matches=True)
    return Element("principal", None if any(re.search(r"[*?$]", one) for one in named) else False)


def _action(statement: dict[str, Any], action: str) -> Element:
    actions = strings(statement.get("Action"))
    if actions is None or "NotAction" in statement or any("$" in one for one in actions):
        return Element("action", None)
    patterns = [re.escape(one.lower()).replace(r"\*", ".*").replace(r"\?", ".") for one in actions]
    return Element("action", any(re.fullmatch(pattern, action.lower()) for pattern in patterns))


def _form(statement: dict[str, Any]) -> tuple[Element, ...]:
    """A trust policy has no resource; the effect of one is unknown."""
    return (Element("form", None),) if {"Resource", "NotResource"} & set(statement) else ()


def _conditions(condition: Any, context: Mapping[str, Known]) -> tuple[Element, ...]:
    if condition is None:
        return ()
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        return (Element("form", None),)
    return tuple(
        Element(
            "condition",
            None if _is_undocumented(operator, wanted) else holds(operator, strings(wanted), key.lower(), context),
            key.lower(),
            f"{operator} {key} {json.dumps(wanted, ensure_ascii=False)}",
        )
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _is_undocumented(operator: str, wanted: Any) -> bool:
    """True if a text comparison has a JSON boolean as a value: AWS does not document the result."""
    values = wanted if isinstance(wanted, list) else [wanted]
    return not operator.startswith(("Bool", "Null")) and any(isinstance(one, bool) for one in values)


def strings(value: Any) -> tuple[str, ...] | None:
    """A policy's value or list of values as strings; None unless all are strings, booleans, or integers."""
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | bool | int) for one in values):
        return None
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)
