"""Describes the cause of a refused role, with documents that fix it, ready to paste."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.refusal import Cause
from tfmfa_nb.authentication.refusal_causes import cause_of
from tfmfa_nb.authentication.refusal_evidence import MFA_AGE
from tfmfa_nb.authentication.trust_policy_fix import corrected_trust_policy, required_statement
from tfmfa_nb.model.iam_policies import document, permission_statement
from tfmfa_nb.model.problems import Document

if TYPE_CHECKING:
    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.authentication.refusal_causes import CauseAnalysis
    from tfmfa_nb.authentication.refusal_evidence import Evidence, RefusedAttempt
    from tfmfa_nb.authentication.trust_policy_evaluation import Element

_SET_EXTERNAL_ID = "Set external_id in the assume_role block to the ID that the role's owner gave you"


def describe_cause(refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence, analysis: CauseAnalysis) -> Refusal:
    """`refusal` with the texts and documents for its cause."""
    describe = _DESCRIPTIONS.get(analysis.cause, _unknown) if analysis.cause else _unknown
    reason, remedy, documents = describe(refusal, attempt, evidence, analysis)
    problem = f"{attempt.role_arn} cannot be assumed: {reason}."
    return replace(refusal, problem=problem, remedy=remedy, reason=reason, documents=documents)


_Description = tuple[str, str, tuple[Document, ...]]


def _missing(refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence, _analysis: CauseAnalysis) -> _Description:
    if evidence.other_arn:
        return (
            f"the role does not exist; the role with this name is {evidence.other_arn}",
            "Use that ARN in the assume_role block, including its path and letter case.",
            (Document("The assume_role block", _block(evidence.other_arn)),),
        )
    policy = document(required_statement(attempt, refusal.action))
    return (
        "the role does not exist",
        "Correct its ARN in the assume_role block, or create it with a trust policy that allows you to assume it.",
        (Document(f"Trust policy for creating {attempt.role_arn}", policy),),
    )


def _principal(refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence, analysis: CauseAnalysis) -> _Description:
    caller = attempt.caller.principal
    if analysis.statement is not None and analysis.statement.deny:
        return (
            f"its trust policy explicitly denies {caller} (statement {analysis.statement.number + 1})",
            "Remove that statement from the role's trust policy, or exclude this principal from it.",
            (),
        )
    return (
        f"its trust policy does not allow {caller} to perform {refusal.action}",
        "Ask the role's owner to add a statement for this principal to the trust policy.",
        _corrected(refusal, attempt, evidence, analysis),
    )


def _mfa(refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence, analysis: CauseAnalysis) -> _Description:
    failing = _failing(analysis, Cause.MFA)
    condition = failing[0].text if failing else "a condition on MFA"
    remedy = "Ask the role's owner to change that condition of the trust policy."
    if any(element.key == MFA_AGE for element in failing):
        reason = f"the MFA code was entered longer ago than its trust policy allows ({condition})"
        remedy = "Run again with a new code, or ask the role's owner to allow MFA as old as the session can become."
    else:
        reason = f"its trust policy has an MFA condition that a session with MFA does not meet ({condition})"
    if analysis.statement is not None and analysis.statement.deny:
        remedy += f" The condition is in statement {analysis.statement.number + 1}, a Deny statement."
    return reason + _also(analysis, Cause.MFA), remedy, _corrected(refusal, attempt, evidence, analysis)


def _external_id(
    refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence, analysis: CauseAnalysis
) -> _Description:
    also = _also(analysis, Cause.EXTERNAL_ID)
    if attempt.hop.external_id:
        return (
            f"its trust policy requires a different external ID from the one sent{also}",
            f"{_SET_EXTERNAL_ID}, or ask the owner to accept yours in the trust policy.",
            _corrected(refusal, attempt, evidence, analysis),
        )
    block = _block(attempt.role_arn, external_id=_required_external_id(analysis))
    return (
        f"its trust policy requires an external ID, and none is sent{also}",
        f"{_SET_EXTERNAL_ID}.",
        (Document("The assume_role block", block),),
    )


def _condition(
    _refusal: Refusal, _attempt: RefusedAttempt, _evidence: Evidence, analysis: CauseAnalysis
) -> _Description:
    failing = _failing(analysis, Cause.CONDITION)
    condition = failing[0].text if failing else "an unknown condition"
    return (
        f"its trust policy has a condition that is not met ({condition})",
        "Meet that condition, or ask the role's owner to change it.",
        (),
    )


def _caller(refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence, analysis: CauseAnalysis) -> _Description:
    caller = attempt.caller.principal
    if evidence.simulation == "explicitDeny" or refusal.explicit_deny:
        names = ", ".join(name for name in evidence.denying_policies if name)
        return (
            f"a policy{f' ({names})' if names else ''} explicitly denies {refusal.action} on it to {caller}",
            "Exclude this role from the Deny statement; no Allow statement overrides it.",
            (),
        )
    policy = document(permission_statement(attempt.role_arn, actions=[refusal.action]))
    documents = (Document(f"Policy for {caller}", policy),)
    if evidence.simulation == "implicitDeny":
        return (
            f"no policy of {caller} allows {refusal.action} on it",
            "Attach a policy that allows it.",
            documents,
        )
    trust_policy_allows = analysis.trust is not None and analysis.trust.allowed
    if evidence.simulation == "allowed":
        allowing = f"its trust policy and the policies of {caller}" if trust_policy_allows else "the caller's policies"
        return (
            f"AWS denies {refusal.action} on it, although {allowing} allow the call",
            "Check the caller's permissions boundary and the organization's service control policies.",
            documents,
        )
    although = ", although its trust policy allows the call" if trust_policy_allows else ""
    return (
        f"{caller} is not allowed to perform {refusal.action} on it{although}",
        "Attach a policy that allows it; if one is attached, a Deny statement or a permissions boundary overrides it.",
        documents,
    )


def _unknown(refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence, analysis: CauseAnalysis) -> _Description:
    possible = "; ".join(analysis.possible)
    ruled_out = "; ".join(analysis.ruled_out)
    remedy = f"Possible causes: {possible}." + (f" Ruled out: {ruled_out}." if ruled_out else "")
    if Cause.MFA in analysis.possible and not attempt.chained:
        remedy += " MFA itself is not missing: this session has it."
    if evidence.simulation == "allowed":
        remedy += f" The policies of {attempt.caller.principal} allow the call."
    elif evidence.simulation == "implicitDeny":
        remedy += f" No policy of {attempt.caller.principal} allows the call."
    if evidence.trust_policy is None:
        remedy += (
            " Permission for iam:GetRole on the role would narrow this down."
            if attempt.same_account
            else " The role is in another account: ask its owner to check its trust policy."
        )
    statement = document(required_statement(attempt, refusal.action))
    permission = document(permission_statement(attempt.role_arn, actions=[refusal.action]))
    return (
        f"{attempt.caller.arn} is not allowed to perform {refusal.action} ({len(analysis.possible)} possible causes)",
        remedy,
        (
            Document(f"Required in the trust policy of {attempt.role_arn}", statement),
            Document(f"Required in a policy of {attempt.caller.principal}", permission),
        ),
    )


_DESCRIPTIONS = {
    Cause.MISSING: _missing,
    Cause.PRINCIPAL: _principal,
    Cause.MFA: _mfa,
    Cause.EXTERNAL_ID: _external_id,
    Cause.CONDITION: _condition,
    Cause.CALLER: _caller,
}


def _failing(analysis: CauseAnalysis, cause: Cause) -> list[Element]:
    """The conditions of the statement that amount to `cause`: unmet in an Allow statement, met in a Deny statement."""
    statement = analysis.statement
    if statement is None:
        return []
    unwanted = statement.deny
    return [one for one in statement.elements if one.matches is unwanted and cause_of(one) is cause and one.key]


def _also(analysis: CauseAnalysis, cause: Cause) -> str:
    """The other causes that the same statement fails by."""
    if analysis.statement is None or analysis.statement.deny:
        return ""
    others = [other for other in (Cause.MFA, Cause.EXTERNAL_ID) if other is not cause and _failing(analysis, other)]
    return f", and {', '.join(others)}" if others else ""


def _corrected(
    refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence, analysis: CauseAnalysis
) -> tuple[Document, ...]:
    policy = corrected_trust_policy(evidence.trust_policy or "", analysis.statement, attempt, refusal.action)
    return (Document(f"Trust policy of {attempt.role_arn}, corrected", policy),) if policy else ()


def _required_external_id(analysis: CauseAnalysis) -> str:
    """The external ID that the trust policy requires, if it is a literal. It is not a secret; see `iam_policies`."""
    for condition in _failing(analysis, Cause.EXTERNAL_ID):
        operator, _, wanted = condition.text.split(" ", 2)
        values = json.loads(wanted)
        first = values[0] if isinstance(values, list) else values
        if operator in {"StringEquals", "StringNotEquals"} and isinstance(first, str):
            return first
    return "…"


def _block(role_arn: str, *, external_id: str = "") -> str:
    arguments = {"role_arn": role_arn, **({"external_id": external_id} if external_id else {})}
    width = max(map(len, arguments))
    lines = [f"  {name:<{width}} = {json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items()]
    return "\n".join(["assume_role {", *lines, "}"])
