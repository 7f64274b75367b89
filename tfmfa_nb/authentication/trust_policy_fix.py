"""A role's trust policy, changed so that the refused request would be let in; as little as possible of it."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.refusal_evidence import EXTERNAL_ID, MFA_AGE, MFA_PRESENT
from tfmfa_nb.authentication.trust_policy_evaluation import evaluate
from tfmfa_nb.model.iam_policies import WITH_MFA, as_text, trust_statement

if TYPE_CHECKING:
    from tfmfa_nb.authentication.refusal_evidence import Attempt
    from tfmfa_nb.authentication.trust_policy_evaluation import Statement

_MFA_KEYS = {MFA_PRESENT, MFA_AGE}
_EQUALS = {"StringEquals", "StringLike", "StringEqualsIgnoreCase"}


def required_statement(attempt: Attempt, action: str) -> dict[str, Any]:
    """The statement that lets the caller of `attempt` in, as it asked."""
    return trust_statement(
        attempt.caller.principal,
        mfa=not attempt.chained,
        external_id=attempt.hop.external_id or None,
        actions=[action] if action else (),
    )


def fixed_trust_policy(document: str, nearest: Statement | None, attempt: Attempt, action: str) -> str:
    """The trust policy `document` with what was missing; its other statements stay as they are.

    A statement that denies is never taken out: where one still stands in the way, the result is "".

    Args:
        document: the role's trust policy, as JSON.
        nearest: its statement that lets the caller in but for its conditions; None where there is none.
        attempt: what was refused.
        action: what has to be allowed.
    """
    policy = json.loads(document)
    given = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if nearest is not None and not nearest.deny:
        changed = copy.deepcopy(given)
        changed[nearest.number]["Condition"] = _mended(changed[nearest.number], nearest, attempt)
        if _lets_in(policy | {"Statement": changed}, attempt, action):
            return as_text(policy | {"Statement": changed})
    added = policy | {"Statement": [*given, required_statement(attempt, action)]}
    return as_text(added) if _lets_in(added, attempt, action) else ""


def _lets_in(policy: dict[str, Any], attempt: Attempt, action: str) -> bool:
    """Whether nothing that is known stands against it any more."""
    answer = evaluate(json.dumps(policy), attempt.caller.names, attempt.context, action=action or "sts:AssumeRole")
    return answer.answer is True


def _mended(statement: dict[str, Any], nearest: Statement, attempt: Attempt) -> dict[str, Any]:
    """The statement's conditions, with those on MFA and on the external id that do not hold put right."""
    failing = {element.key for element in nearest.elements if element.answer is False}
    conditions: dict[str, Any] = {}
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, wanted in keys.items():
            name = key.lower()
            if name in failing & _MFA_KEYS:
                continue
            sent = attempt.hop.external_id
            if name == EXTERNAL_ID in failing and sent and operator.removesuffix("IfExists") in _EQUALS:
                wanted = [*(wanted if isinstance(wanted, list) else [wanted]), sent]  # noqa: PLW2901 - others keep theirs
            conditions.setdefault(operator, {})[key] = wanted
    if failing & _MFA_KEYS:
        conditions.setdefault("Bool", {}).update(WITH_MFA["Bool"])
    if MFA_AGE in failing:
        # As long as the session lasts, because the provider asks for the role again and again while it applies.
        seconds = str(attempt.session_seconds)
        conditions.setdefault("NumericLessThanEquals", {})["aws:MultiFactorAuthAge"] = seconds
    return conditions
