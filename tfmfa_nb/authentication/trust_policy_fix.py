"""Corrects a role's trust policy, with as few changes as possible, so that it allows the refused call."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.refusal_evidence import EXTERNAL_ID, MFA_AGE, MFA_PRESENT
from tfmfa_nb.authentication.trust_policy_evaluation import evaluate
from tfmfa_nb.model.iam_policies import WITH_MFA, as_text, trust_statement

if TYPE_CHECKING:
    from tfmfa_nb.authentication.refusal_evidence import RefusedAttempt
    from tfmfa_nb.authentication.trust_policy_evaluation import Statement

_MFA_KEYS = {MFA_PRESENT, MFA_AGE}
_EQUALS = {"StringEquals", "StringLike", "StringEqualsIgnoreCase"}


def required_statement(attempt: RefusedAttempt, action: str) -> dict[str, Any]:
    """The statement that allows the refused call."""
    return trust_statement(
        attempt.caller.principal,
        mfa=not attempt.chained,
        external_id=attempt.hop.external_id or None,
        actions=[action] if action else (),
    )


def corrected_trust_policy(document: str, nearest: Statement | None, attempt: RefusedAttempt, action: str) -> str:
    """The trust policy with the missing part added; its other statements stay unchanged.

    Deny statements are never removed: if one still denies the call, the result is "".

    Args:
        document: the role's trust policy as JSON.
        nearest: the policy's statement that fails only by its conditions; None if there is none.
        attempt: the refused call.
        action: action to allow.
    """
    policy = json.loads(document)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if nearest is not None and not nearest.deny:
        changed = copy.deepcopy(statements)
        changed[nearest.number]["Condition"] = _corrected_conditions(changed[nearest.number], nearest, attempt)
        if _allows(policy | {"Statement": changed}, attempt, action):
            return as_text(policy | {"Statement": changed})
    extended = policy | {"Statement": [*statements, required_statement(attempt, action)]}
    return as_text(extended) if _allows(extended, attempt, action) else ""


def _allows(policy: dict[str, Any], attempt: RefusedAttempt, action: str) -> bool:
    decision = evaluate(json.dumps(policy), attempt.caller.names, attempt.context, action=action or "sts:AssumeRole")
    return decision.allowed is True


def _corrected_conditions(statement: dict[str, Any], nearest: Statement, attempt: RefusedAttempt) -> dict[str, Any]:
    """The statement's conditions, with the unmet ones on MFA and on the external ID corrected."""
    failing = {element.key for element in nearest.elements if element.matches is False}
    conditions: dict[str, Any] = {}
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, wanted in keys.items():
            name = key.lower()
            if name in failing & _MFA_KEYS:
                continue
            sent = attempt.hop.external_id
            if name == EXTERNAL_ID in failing and sent and operator.removesuffix("IfExists") in _EQUALS:
                wanted = [*(wanted if isinstance(wanted, list) else [wanted]), sent]  # noqa: PLW2901 - added for all others
            conditions.setdefault(operator, {})[key] = wanted
    if failing & _MFA_KEYS:
        conditions.setdefault("Bool", {}).update(WITH_MFA["Bool"])
    if MFA_AGE in failing:
        # As long as the session lasts, because the provider assumes the role again and again during an apply.
        seconds = str(attempt.session_seconds)
        conditions.setdefault("NumericLessThanEquals", {})["aws:MultiFactorAuthAge"] = seconds
    return conditions
