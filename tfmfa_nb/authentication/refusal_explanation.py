"""Explains a refused role: gathers evidence, finds the cause, and writes the documents that fix it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.refusal_causes import find_cause
from tfmfa_nb.authentication.refusal_evidence import Evidence, gather_evidence
from tfmfa_nb.authentication.refusal_remedies import describe_cause

if TYPE_CHECKING:
    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.authentication.refusal_evidence import IamReader, RefusedAttempt


async def investigate(refusal: Refusal, attempt: RefusedAttempt, iam: IamReader) -> Refusal:
    """`refusal` with its cause, as far as the refused credentials can find it.

    Only a denial needs evidence, unless AWS names the policy behind it; AWS itself explains every other refusal.
    """
    if refusal.action:
        return explain(refusal, attempt, await gather_evidence(iam, attempt, refusal.action))
    return refusal


def explain(refusal: Refusal, attempt: RefusedAttempt, evidence: Evidence) -> Refusal:
    """`refusal` with its cause or possible causes in words, and with the policies that fix it."""
    analysis = find_cause(refusal, attempt, evidence)
    return replace(
        describe_cause(refusal, attempt, evidence, analysis),
        cause=analysis.cause,
        possible=() if analysis.cause else analysis.possible,
        ruled_out=analysis.ruled_out,
    )
