"""A refused role, explained: its evidence is gathered, its cause found, and what mends it written out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.refusal import Cause
from tfmfa_nb.authentication.refusal_causes import find_cause
from tfmfa_nb.authentication.refusal_evidence import Evidence, gather_evidence
from tfmfa_nb.authentication.refusal_remedies import describe_cause

if TYPE_CHECKING:
    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.authentication.refusal_evidence import Attempt, IamReader


async def explained(refusal: Refusal, attempt: Attempt, looker: IamReader) -> Refusal:
    """`refusal` with its cause, as far as it can be found out by the credentials that were refused.

    Only a denial, or a duration, needs that; everything else AWS has said itself.
    """
    if refusal.action or refusal.cause is Cause.DURATION:
        return explain(refusal, attempt, await gather_evidence(looker, attempt, refusal.action))
    return refusal


def explain(refusal: Refusal, attempt: Attempt, evidence: Evidence) -> Refusal:
    """`refusal` with its cause, or what may be it, in words, and with the policies that would mend it."""
    finding = find_cause(refusal, attempt, evidence)
    return replace(
        describe_cause(refusal, attempt, evidence, finding),
        cause=finding.cause,
        possible=() if finding.cause else finding.possible,
        ruled_out=finding.ruled_out,
    )
