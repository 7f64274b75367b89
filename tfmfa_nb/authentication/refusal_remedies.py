"""A refused role's cause in words, with what mends it ready to paste."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.refusal import Cause
from tfmfa_nb.authentication.refusal_causes import category
from tfmfa_nb.authentication.refusal_evidence import MFA_AGE
from tfmfa_nb.authentication.session_durations import CHAINED_SECONDS, assume_role_block, format_duration
from tfmfa_nb.authentication.trust_policy_fix import fixed_trust_policy, required_statement
from tfmfa_nb.model.iam_policies import document, permission_statement
from tfmfa_nb.model.problems import Document

if TYPE_CHECKING:
    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.authentication.refusal_causes import Finding
    from tfmfa_nb.authentication.refusal_evidence import Attempt, Evidence
    from tfmfa_nb.authentication.trust_policy_evaluation import Element

_SET_ID = "Set external_id in the assume_role block to the one that the role's owner gave you."
_LONGEST_DEFAULT = 3600  # seconds: the least that a role's MaxSessionDuration can be, and what it is by default


def describe_cause(refusal: Refusal, attempt: Attempt, evidence: Evidence, finding: Finding) -> Refusal:
    """`refusal` with the words and documents for what was found."""
    words = _WORDS.get(finding.cause, _unsure) if finding.cause else _unsure
    why, remedy, documents = words(refusal, attempt, evidence, finding)
    problem = f"{attempt.role_arn} cannot be assumed: {why}."
    return replace(refusal, problem=problem, remedy=remedy, why=why, documents=documents)


_Words = tuple[str, str, tuple[Document, ...]]


def _missing(refusal: Refusal, attempt: Attempt, evidence: Evidence, _finding: Finding) -> _Words:
    if evidence.other_arn:
        return (
            f"the role does not exist; the role of that name is {evidence.other_arn}",
            "Write that ARN into the assume_role block, path and letters' case included.",
            (Document("The assume_role block", _block(evidence.other_arn)),),
        )
    policy = document(required_statement(attempt, refusal.action))
    return (
        "the role does not exist",
        "Correct its ARN in the assume_role block, or create it with a trust policy that lets you in.",
        (Document(f"Trust policy to create {attempt.role_arn} with", policy),),
    )


def _principal(refusal: Refusal, attempt: Attempt, evidence: Evidence, finding: Finding) -> _Words:
    caller = attempt.caller.principal
    if finding.statement is not None and finding.statement.deny:
        return (
            f"its trust policy denies {caller} explicitly (statement {finding.statement.number + 1})",
            "Take that statement out of the role's trust policy, or except this principal from it.",
            (),
        )
    return (
        f"its trust policy does not allow {caller} {refusal.action}",
        "Let the role's owner add a statement for this principal to the trust policy.",
        _trust(refusal, attempt, evidence, finding),
    )


def _mfa(refusal: Refusal, attempt: Attempt, evidence: Evidence, finding: Finding) -> _Words:
    failing = _failing(finding, Cause.MFA)
    asked = failing[0].text if failing else "a condition on MFA"
    remedy = "Let the role's owner change that condition of the trust policy."
    if any(element.key == MFA_AGE for element in failing):
        why = f"MFA was given longer ago than its trust policy allows ({asked})"
        remedy = "Start again with a new code, or let the role's owner allow MFA to be as old as the session may get."
    else:
        why = f"its trust policy has a condition on MFA that a session with MFA does not meet ({asked})"
    if finding.statement is not None and finding.statement.deny:
        remedy += f" It stands in statement {finding.statement.number + 1}, which denies."
    return why + _also(finding, Cause.MFA), remedy, _trust(refusal, attempt, evidence, finding)


def _external_id(refusal: Refusal, attempt: Attempt, evidence: Evidence, finding: Finding) -> _Words:
    also = _also(finding, Cause.EXTERNAL_ID)
    if attempt.hop.external_id:
        return (
            f"its trust policy asks for another external id than the one that is sent{also}",
            f"{_SET_ID[:-1]}, or let the trust policy accept yours.",
            _trust(refusal, attempt, evidence, finding),
        )
    block = _block(attempt.role_arn, external_id=_wanted_id(finding))
    return (
        f"its trust policy asks for an external id, and none is sent{also}",
        _SET_ID,
        (Document("The assume_role block", block),),
    )


def _condition(_refusal: Refusal, _attempt: Attempt, _evidence: Evidence, finding: Finding) -> _Words:
    failing = _failing(finding, Cause.CONDITION)
    asked = failing[0].text if failing else "a condition of its own"
    return (
        f"its trust policy has a condition that is not met ({asked})",
        "Meet that condition, or let the role's owner change it.",
        (),
    )


def _caller(refusal: Refusal, attempt: Attempt, evidence: Evidence, finding: Finding) -> _Words:
    caller = attempt.caller.principal
    if evidence.own == "explicitDeny" or refusal.why.endswith(" explicitly"):
        by = ", ".join(name for name in evidence.deniers if name)
        return (
            f"a policy denies {caller} {refusal.action} on it explicitly{f' ({by})' if by else ''}",
            "Except this role from the Deny; no further permission helps against it.",
            (),
        )
    policy = document(permission_statement(attempt.role_arn, actions=[refusal.action]))
    documents = (Document(f"Policy for {caller}", policy),)
    if evidence.own == "implicitDeny":
        return (
            f"no policy of {caller} allows {refusal.action} on it",
            "Attach the permission to it.",
            documents,
        )
    trusted = "its trust policy would let you in" if finding.trust and finding.trust.answer else "AWS says so"
    if evidence.own == "allowed":
        return (
            f"{caller} is not allowed {refusal.action} on it, though {trusted} and its own policies allow it",
            "Look at its permissions boundary and at the organization's service control policies.",
            documents,
        )
    return (
        f"{caller} is not allowed {refusal.action} on it: {trusted}",
        "Attach the permission to it; if it has that, a Deny or a boundary stands against it.",
        documents,
    )


def _duration(_refusal: Refusal, attempt: Attempt, evidence: Evidence, _finding: Finding) -> _Words:
    asked = attempt.hop.duration_seconds or _LONGEST_DEFAULT
    longest = min(evidence.longest or _LONGEST_DEFAULT, CHAINED_SECONDS if attempt.chained else asked)
    allows = (
        f"its MaxSessionDuration is {format_duration(evidence.longest)}" if evidence.longest else "the role allows less"
    )
    return (
        f"a session of {format_duration(asked)} is too long: {allows}",
        "Lower `duration` in the assume_role block, or let the role's owner raise its MaxSessionDuration.",
        (assume_role_block(attempt.role_arn, longest),),
    )


def _unsure(refusal: Refusal, attempt: Attempt, evidence: Evidence, finding: Finding) -> _Words:
    possible = "; ".join(finding.possible)
    ruled_out = "; ".join(finding.ruled_out)
    remedy = f"Possible: {possible}." + (f" Ruled out: {ruled_out}." if ruled_out else "")
    if Cause.MFA in finding.possible and not attempt.chained:
        remedy += " MFA itself is not missing: this session carries it."
    if evidence.own == "allowed":
        remedy += f" The own policies of {attempt.caller.principal} allow it."
    elif evidence.own == "implicitDeny":
        remedy += f" No policy of {attempt.caller.principal} allows it."
    if evidence.trust is None:
        remedy += (
            " With iam:GetRole on the role more could be said."
            if attempt.same_account
            else " The role is in another account: its owner can see its trust policy."
        )
    statement = document(required_statement(attempt, refusal.action))
    permission = document(permission_statement(attempt.role_arn, actions=[refusal.action]))
    return (
        f"{attempt.caller.arn} is not allowed {refusal.action}; the cause is one of {len(finding.possible)}",
        remedy,
        (
            Document(f"What the trust policy of {attempt.role_arn} has to contain", statement),
            Document(f"What {attempt.caller.principal} has to be allowed", permission),
        ),
    )


_WORDS = {
    Cause.MISSING: _missing,
    Cause.PRINCIPAL: _principal,
    Cause.MFA: _mfa,
    Cause.EXTERNAL_ID: _external_id,
    Cause.CONDITION: _condition,
    Cause.CALLER: _caller,
    Cause.DURATION: _duration,
}


def _failing(finding: Finding, cause: Cause) -> list[Element]:
    """The conditions of the statement in question that are `cause`; in one that denies, those are met."""
    statement = finding.statement
    if statement is None:
        return []
    unwanted = statement.deny
    return [one for one in statement.elements if one.answer is unwanted and category(one) is cause and one.key]


def _also(finding: Finding, cause: Cause) -> str:
    """What else of the same statement does not hold."""
    if finding.statement is None or finding.statement.deny:
        return ""
    others = [cause_ for cause_ in (Cause.MFA, Cause.EXTERNAL_ID) if cause_ is not cause and _failing(finding, cause_)]
    return f"; and {', '.join(others)}" if others else ""


def _trust(refusal: Refusal, attempt: Attempt, evidence: Evidence, finding: Finding) -> tuple[Document, ...]:
    policy = fixed_trust_policy(evidence.trust or "", finding.statement, attempt, refusal.action)
    return (Document(f"Trust policy of {attempt.role_arn}, mended", policy),) if policy else ()


def _wanted_id(finding: Finding) -> str:
    """The external id that the trust policy asks for, where it is written out; no secret, see iam_policies."""
    for condition in _failing(finding, Cause.EXTERNAL_ID):
        operator, _, wanted = condition.text.split(" ", 2)
        values = json.loads(wanted)
        first = values[0] if isinstance(values, list) else values
        if operator in {"StringEquals", "StringNotEquals"} and isinstance(first, str):
            return first
    return "…"


def _block(role_arn: str, *, external_id: str = "") -> str:
    given = {"role_arn": role_arn, **({"external_id": external_id} if external_id else {})}
    width = max(map(len, given))
    lines = [f"  {name:<{width}} = {json.dumps(value, ensure_ascii=False)}" for name, value in given.items()]
    return "\n".join(["assume_role {", *lines, "}"])
