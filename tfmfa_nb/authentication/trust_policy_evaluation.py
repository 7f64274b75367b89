"""What a role's trust policy answers to one request: yes, no, or not known. Nothing is guessed.

An operator, a condition key, a principal or a form that is not understood, or whose value is not known here, is
answered with None, and so is whatever depends on it. This is for explaining a refusal, never for granting one.

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

Answer = bool | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as a trust policy may call it.

    Attributes:
        arn: as STS names it, for sentences.
        principal: the ARN that a trust policy names it by: the user's, or the role's and not its session's.
        session_arn: the same as `arn` for a role's session.
    """

    arn: str
    principal: str

    @property
    def account(self) -> str:
        """The account's number."""
        return account_of(self.principal)

    @property
    def names(self) -> frozenset[str]:
        """Every principal that is this caller, or its whole account."""
        partition = self.principal.split(":")[1] if self.principal.count(":") > 1 else "aws"
        return frozenset({self.arn, self.principal, self.account, f"arn:{partition}:iam::{self.account}:root"})


@dataclass(frozen=True, slots=True)
class Element:
    """One part of a statement, and whether it fits the request.

    Attributes:
        kind: "principal", "action", "condition" or "form".
        key: a condition's key in lower case.
        text: for people: 'Bool aws:MultiFactorAuthPresent "false"'.
    """

    kind: str
    answer: Answer
    key: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the policy.

    Attributes:
        number: its place, counted from 0.
        deny: whether it denies.
    """

    number: int
    deny: bool
    elements: tuple[Element, ...]

    @property
    def applies(self) -> Answer:
        """Whether it applies to the request."""
        return all_of(element.answer for element in self.elements)


@dataclass(frozen=True, slots=True)
class Trust:
    """What the whole policy answers.

    Attributes:
        answer: whether it lets the caller in.
        statements: those that it consists of; empty where the policy could not be read.
    """

    answer: Answer
    statements: tuple[Statement, ...] = ()


def evaluate(
    document: str, names: Iterable[str], context: Mapping[str, Known], *, action: str = "sts:AssumeRole"
) -> Trust:
    """What the trust policy `document` answers.

    Args:
        document: as JSON.
        names: every principal that the caller goes by, its account's root and number among them.
        context: the request's condition keys in lower case: a value, or None for one that is known to be absent.
            A key that is not in it is not known.
        action: what was asked for: "sts:AssumeRole", "sts:TagSession".
    """
    try:
        found = json.loads(document).get("Statement")
    except (ValueError, AttributeError, RecursionError):
        return Trust(None)
    given = found if isinstance(found, list) else [found]
    if not given or not all(isinstance(one, dict) and one.get("Effect") in {"Allow", "Deny"} for one in given):
        return Trust(None)
    known = frozenset(names)
    statements = tuple(
        Statement(
            number,
            one["Effect"] == "Deny",
            (_principal(one, known), _action(one, action), *_form(one), *_conditions(one.get("Condition"), context)),
        )
        for number, one in enumerate(given)
    )
    denied = any_of(one.applies for one in statements if one.deny)
    allowed = any_of(one.applies for one in statements if not one.deny)
    return Trust(all_of((None if denied is None else not denied, allowed)), statements)


def account_of(arn: str) -> str:
    """The account's number in an ARN; "" where there is none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""  # noqa: PLR2004 - arn:partition:service:region:account:…


def all_of(answers: Iterable[Answer]) -> Answer:
    """No as soon as one is no; yes only where all are."""
    given = tuple(answers)
    return False if False in given else None if None in given else True


def any_of(answers: Iterable[Answer]) -> Answer:
    """Yes as soon as one is yes; no only where all are."""
    given = tuple(answers)
    return True if True in given else None if None in given else False


def _principal(statement: dict[str, Any], names: frozenset[str]) -> Element:
    principal = statement.get("Principal")
    if "NotPrincipal" in statement or principal is None:
        return Element("principal", None)
    if principal == "*":
        return Element("principal", answer=True)
    if not isinstance(principal, dict):
        return Element("principal", None)
    named = strings(principal.get("AWS", []))  # a service or a federated user is not who calls here
    if named is None:
        return Element("principal", None)
    if "*" in named or names.intersection(named):
        return Element("principal", answer=True)
    return Element("principal", None if any(re.search(r"[*?$]", one) for one in named) else False)


def _action(statement: dict[str, Any], action: str) -> Element:
    actions = strings(statement.get("Action"))
    if actions is None or "NotAction" in statement or any("$" in one for one in actions):
        return Element("action", None)
    patterns = [re.escape(one.lower()).replace(r"\*", ".*").replace(r"\?", ".") for one in actions]
    return Element("action", any(re.fullmatch(pattern, action.lower()) for pattern in patterns))


def _form(statement: dict[str, Any]) -> tuple[Element, ...]:
    """A trust policy has no resource; what one would mean here is not known."""
    return (Element("form", None),) if {"Resource", "NotResource"} & set(statement) else ()


def _conditions(condition: Any, context: Mapping[str, Known]) -> tuple[Element, ...]:
    if condition is None:
        return ()
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        return (Element("form", None),)
    return tuple(
        Element(
            "condition",
            None if _odd(operator, wanted) else holds(operator, strings(wanted), key.lower(), context),
            key.lower(),
            f"{operator} {key} {json.dumps(wanted, ensure_ascii=False)}",
        )
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _odd(operator: str, wanted: Any) -> bool:
    """Whether a value is a JSON boolean where text is compared: what AWS makes of it is not written down."""
    given = wanted if isinstance(wanted, list) else [wanted]
    return not operator.startswith(("Bool", "Null")) and any(isinstance(one, bool) for one in given)


def strings(value: Any) -> tuple[str, ...] | None:
    """A policy's value, which may be one or a list; None where it is neither of text nor of booleans and numbers."""
    given = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | bool | int) for one in given):
        return None
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in given)
