"""Derives the cause of a refused role from the evidence, or the causes that remain possible.

A cause is named only if the role's trust policy, IAM's policy simulation, or AWS's message leaves no other. Anything
that could not be looked up remains possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.policy_denials import TRUST_CAUSES
from tfmfa_nb.authentication.refusal import Cause
from tfmfa_nb.authentication.refusal_evidence import EXTERNAL_ID, MFA_AGE, MFA_PRESENT
from tfmfa_nb.authentication.trust_policy_evaluation import TrustDecision, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.authentication.refusal_evidence import Evidence, RefusedAttempt
    from tfmfa_nb.authentication.trust_policy_evaluation import Element, Statement

_ALL_CAUSES = (Cause.MISSING, *TRUST_CAUSES, Cause.CALLER)
_MFA_KEYS = {MFA_PRESENT, MFA_AGE}


@dataclass(frozen=True, slots=True)
class CauseAnalysis:
    """The result of weighing the evidence.

    Attributes:
        cause: the cause; None if it is unknown.
        possible: the causes that remain, in the order in which AWS checks them; only the cause if it is known.
        trust: the evaluation of the role's trust policy; None if the policy could not be read.
        statement: the statement of that policy that comes closest to allowing the call, or that denies it.
    """

    cause: Cause | None
    possible: tuple[Cause, ...]
    trust: TrustDecision | None = None
    statement: Statement | None = None

    @property
    def ruled_out(self) -> tuple[Cause, ...]:
        """The causes that are ruled out; empty once the cause is known."""
        return () if self.cause else tuple(cause for cause in _ALL_CAUSES if cause not in self.possible)


def find_cause(refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence) -> CauseAnalysis:
    """The cause of `refusal`, as far as the evidence allows."""
    trust = None
    if evidence.trust_policy is not None:
        trust = evaluate(evidence.trust_policy, attempt.caller.names, attempt.context, action=refusal.action)
    certain = _certain_without_trust_policy(refusal, attempt, evidence)
    if certain is not None:
        return _known(certain, trust)
    named = refusal.possible or _ALL_CAUSES
    if trust is None:
        return _one_of(cause for cause in named if cause is not Cause.MISSING or evidence.exists is None)
    if trust.allowed is True:
        return _known(Cause.CALLER, trust) if Cause.CALLER in named else _one_of(named, trust)
    return _refused_by_trust_policy(trust) if trust.allowed is False else _undecided(trust, named)


def cause_of(element: Element) -> Cause:
    """The cause that a non-matching part of a statement stands for."""
    if element.kind in {"principal", "action"}:
        return Cause.PRINCIPAL
    if element.key in _MFA_KEYS:
        return Cause.MFA
    return Cause.EXTERNAL_ID if element.key == EXTERNAL_ID else Cause.CONDITION


def _certain_without_trust_policy(refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence) -> Cause | None:
    if evidence.exists is False:
        return Cause.MISSING
    # Each is enough: AWS's own message, an explicit Deny, and, across accounts, a missing Allow on the caller's side.
    denied = refusal.cause is Cause.CALLER or evidence.simulation == "explicitDeny"
    not_allowed = evidence.simulation == "implicitDeny" and not attempt.same_account
    return Cause.CALLER if denied or not_allowed else None


def _known(cause: Cause, trust: TrustDecision | None = None, statement: Statement | None = None) -> CauseAnalysis:
    return CauseAnalysis(cause, (cause,), trust, statement)


def _one_of(
    causes: Iterable[Cause], trust: TrustDecision | None = None, statement: Statement | None = None
) -> CauseAnalysis:
    """The analysis with these causes remaining; a single one is the cause."""
    remaining = set(causes)
    possible = tuple(cause for cause in _ALL_CAUSES if cause in remaining)
    return CauseAnalysis(possible[0] if len(possible) == 1 else None, possible, trust, statement)


def _refused_by_trust_policy(trust: TrustDecision) -> CauseAnalysis:
    """The trust policy refuses: a statement denies the call, or none allows it."""
    for statement in trust.statements:
        if statement.deny and statement.applies:
            reasons = {cause_of(element) for element in statement.elements if element.kind == "condition"}
            first = next((cause for cause in TRUST_CAUSES if cause in reasons), Cause.PRINCIPAL)
            return _known(first, trust, statement)
    candidates = _allowing_the_caller(trust)
    if not candidates:
        return _known(Cause.PRINCIPAL, trust)
    # A statement that certainly names this caller and fails only by its conditions gives the cause.
    certain = [one for one in candidates if _names_the_caller(one)]
    nearest = min(certain or candidates, key=_mismatches)
    failing = {cause_of(element) for element in nearest.elements if element.matches is False}
    if certain:
        return _known(next(cause for cause in TRUST_CAUSES if cause in failing), trust, nearest)
    return _one_of({Cause.PRINCIPAL, *failing}, trust, nearest)


def _undecided(trust: TrustDecision, named: Iterable[Cause]) -> CauseAnalysis:
    """The trust policy's decision depends on values that are unknown here."""
    candidates = _allowing_the_caller(trust)
    possible = {Cause.CALLER}
    for statement in trust.statements:
        if statement.deny and statement.applies is None:
            possible |= {cause_of(element) for element in statement.elements if element.kind != "action"}
    for statement in candidates:
        possible |= {cause_of(element) for element in statement.elements if element.matches is not True}
    if not trust.statements:
        possible |= set(TRUST_CAUSES)
    return _one_of(possible & set(named) or named, trust, min(candidates, key=_mismatches, default=None))


def _mismatches(statement: Statement) -> int:
    """The number of parts of the statement that do not match, or may not."""
    return sum(not element.matches for element in statement.elements)


def _allowing_the_caller(trust: TrustDecision) -> list[Statement]:
    """The Allow statements that may name this caller and this action."""
    return [
        one
        for one in trust.statements
        if not one.deny
        and all(element.matches is not False for element in one.elements if element.kind in {"principal", "action"})
    ]


def _names_the_caller(statement: Statement) -> bool:
    return all(element.matches is True for element in statement.elements if element.kind in {"principal", "action"})
