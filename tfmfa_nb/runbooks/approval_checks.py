"""Checks of the approvals in an audit trail: each apply that needed some had them, for its plan, as AWS confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.identity import same_person
from tfmfa_nb.runbooks.check import Check
from tfmfa_nb.runs.approvals.ledger import COMPLETE, REQUESTED, Answer, ledger_of
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWN = 16  # characters of a digest


def approval_checks(lines: Sequence[dict[str, Any]], run_id: str) -> Iterator[Check]:
    """The checks of one run; none if it neither had approvals nor was asked for any.

    Args:
        lines: all lines of the trail, without those before a change.
        run_id: ID of the run.
    """
    before: list[dict[str, Any]] = []
    approved, needed_by = False, set()
    for line in (line for line in lines if line.get("run") == run_id):
        if line.get("event") == COMPLETE:
            approved = True
            yield _approved(line, before, run_id)
        if line.get("event") == REQUESTED:
            needed_by.add(line.get("policy"))
        # Another policy may demand none.
        if line.get("event") == "status" and line.get("status") == "applying" and line.get("policy") in needed_by:
            yield Check(approved, f"{plain(run_id)}: the audit trail has the approvals of the apply.")
        before.append(line)


def _approved(line: dict[str, Any], before: Sequence[dict[str, Any]], run_id: str) -> Check:
    ledger = ledger_of(before, run_id)
    standing = {answer.signature_sha256: answer for answer in ledger.standing(line["plan_sha256"])}
    found = [standing[each] for each in line["signatures"] if each in standing]
    then = datetime.fromisoformat(line["time"]).timestamp()
    asking = {str(line["requester"]), *ledger.requesters(line["plan_sha256"])}
    good = [answer for answer in found if _counts(answer, line, then, asking)]
    persons = [
        answer
        for number, answer in enumerate(good)
        if not any(same_person(answer.by, other.by) for other in good[:number])
    ]
    rejected = any(answer.decision == "reject" for answer in standing.values())
    names = ", ".join(plain(answer.by) for answer in persons) or "nobody"
    return Check(
        len(persons) >= line["required"] and not rejected,
        f"{plain(run_id)}: the apply of plan {line['plan_sha256'][:_SHOWN]}… had {line['required']} approvals "
        f"that AWS confirmed, not older than {line['maximum_age']:,} s ({names}).",
    )


def _counts(answer: Answer, line: dict[str, Any], then: float, asking: set[str]) -> bool:
    own = line["not_by_requester"] and any(same_person(answer.by, other) for other in asking if other)
    return answer.decision == "approve" and then - answer.signed_at <= line["maximum_age"] and not own
