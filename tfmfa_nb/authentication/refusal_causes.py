"""From the evidence about a refused role to the one cause, or to those that remain possible.

Never more is claimed than is known: a cause is named only where the role's own trust policy, IAM's simulation or
AWS's text leaves no other, and what could not be looked at stays possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.refusal import Cause
from tfmfa_nb.authentication.refusal_evidence import EXTERNAL_ID, MFA_AGE, MFA_PRESENT
from tfmfa_nb.authentication.trust_policy_evaluation import Trust, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.authentication.refusal_evidence import Attempt, Evidence
    from tfmfa_nb.authentication.trust_policy_evaluation import Element, Statement

_TRUST = (Cause.PRINCIPAL, Cause.MFA, Cause.EXTERNAL_ID, Cause.CONDITION)
_ALL = (Cause.MISSING, *_TRUST, Cause.CALLER)
_MFA_KEYS = {MFA_PRESENT, MFA_AGE}


@dataclass(frozen=True, slots=True)
class Finding:
    """What the evidence comes to.

    Attributes:
        cause: the one that it is; None where that is not known.
        possible: those that remain, in the order in which AWS would meet them; only the cause where it is known.
        trust: what the role's trust policy answers; None where it was not read.
        statement: the statement of it that comes nearest, or that denies.
    """

    cause: Cause | None
    possible: tuple[Cause, ...]
    trust: Trust | None = None
    statement: Statement | None = None

    @property
    def ruled_out(self) -> tuple[Cause, ...]:
        """The causes that it cannot be; nothing is said of others once the cause is known."""
        return () if self.cause else tuple(cause for cause in _ALL if cause not in self.possible)


def find_cause(refusal: Refusal, attempt: Attempt, evidence: Evidence) -> Finding:
    """The cause of `refusal` as far as the evidence goes."""
    trust = None
    if evidence.trust is not None:
        trust = evaluate(evidence.trust, attempt.caller.names, attempt.context, action=refusal.action)
    certain = _certain(refusal, attempt, evidence)
    if certain is not None:
        return _known(certain, trust)
    if trust is None:
        return _one_of(cause for cause in _ALL if cause is not Cause.MISSING or evidence.exists is None)
    if trust.answer is True:
        return _known(Cause.CALLER, trust)
    return _refused_by_trust(trust) if trust.answer is False else _perhaps(trust)


def _certain(refusal: Refusal, attempt: Attempt, evidence: Evidence) -> Cause | None:
    """What is certain without the trust policy."""
    if refusal.cause is Cause.DURATION:
        return Cause.DURATION
    if evidence.exists is False:
        return Cause.MISSING
    # AWS's own word, an explicit denial, and, where both accounts have to agree, a lack of it: each is enough.
    denied = refusal.cause is Cause.CALLER or evidence.own == "explicitDeny"
    return Cause.CALLER if denied or (evidence.own == "implicitDeny" and not attempt.same_account) else None


def category(element: Element) -> Cause:
    """The cause that a part of a statement stands for, where it does not fit."""
    if element.kind in {"principal", "action"}:
        return Cause.PRINCIPAL
    if element.key in _MFA_KEYS:
        return Cause.MFA
    return Cause.EXTERNAL_ID if element.key == EXTERNAL_ID else Cause.CONDITION


def _known(cause: Cause, trust: Trust | None = None, statement: Statement | None = None) -> Finding:
    return Finding(cause, (cause,), trust, statement)


def _one_of(causes: Iterable[Cause], trust: Trust | None = None, statement: Statement | None = None) -> Finding:
    """The causes that remain; one that is the last is known."""
    among = set(causes)
    possible = tuple(cause for cause in _ALL if cause in among)
    return Finding(possible[0] if len(possible) == 1 else None, possible, trust, statement)


def _refused_by_trust(trust: Trust) -> Finding:
    """The trust policy says no: by a statement that denies, or because none lets the caller in."""
    for statement in trust.statements:
        if statement.deny and statement.applies:
            reasons = {category(element) for element in statement.elements if element.kind == "condition"}
            first = next((cause for cause in _TRUST if cause in reasons), Cause.PRINCIPAL)
            return _known(first, trust, statement)
    near = _for_the_caller(trust)
    if not near:
        return _known(Cause.PRINCIPAL, trust)
    # One that certainly speaks of this caller and fails by its conditions alone says why.
    certain = [one for one in near if _speaks_of_the_caller(one)]
    nearest = min(certain or near, key=lambda one: sum(not element.answer for element in one.elements))
    failing = {category(element) for element in nearest.elements if element.answer is False}
    if certain:
        return _known(next(cause for cause in _TRUST if cause in failing), trust, nearest)
    return _one_of({Cause.PRINCIPAL, *failing}, trust, nearest)


def _perhaps(trust: Trust) -> Finding:
    """The trust policy's answer hangs on something that is not known here."""
    near = _for_the_caller(trust)
    possible = {Cause.CALLER}
    for statement in trust.statements:
        if statement.deny and statement.applies is None:
            possible |= {category(element) for element in statement.elements if element.kind != "action"}
    for statement in near:
        possible |= {category(element) for element in statement.elements if element.answer is not True}
    if not trust.statements:
        possible |= set(_TRUST)
    nearest = min(near, key=lambda one: sum(not element.answer for element in one.elements), default=None)
    return _one_of(possible, trust, nearest)


def _for_the_caller(trust: Trust) -> list[Statement]:
    """The allowing statements that may speak of this caller and of this call."""
    return [
        one
        for one in trust.statements
        if not one.deny
        and all(element.answer is not False for element in one.elements if element.kind in {"principal", "action"})
    ]


def _speaks_of_the_caller(statement: Statement) -> bool:
    return all(element.answer is True for element in statement.elements if element.kind in {"principal", "action"})
