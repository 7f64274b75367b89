"""What the audit trail says of the approvals of one run: its lines are the only place where they are kept.

The trail is chained, and a run is continued only where it is intact; a record or a file of its own would have to be
protected once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.identity import same_person
from tfmfa_nb.runs.audit.integrity import lines_since_change

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tfmfa_nb.organization.policy_approvals import RequiredApprovals

REQUESTED, ANSWERED, REFUSED, EXPIRED, COMPLETE = (
    *("approval_requested", "approval", "approval_refused", "approval_expired", "approvals"),
)
"""The events of the trail's lines."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision that AWS has confirmed.

    Attributes:
        by: ARN of the person, as STS names it.
        decision: "approve", "reject", or "withdraw".
        signed_at: seconds since the epoch.
        signature_sha256: SHA-256 of the signature.
    """

    by: str
    decision: str
    plan_sha256: str
    nonce: str
    reason: str
    signed_at: float
    signature_sha256: str

    @property
    def person(self) -> str:
        """The person's name."""
        return self.by.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines about the approvals of one run.

    Attributes:
        requests: the lines of the requests, by nonce.
        answers: the decisions, oldest first.
        expired: SHA-256 of the signatures that a line calls too old.
    """

    requests: Mapping[str, Mapping[str, Any]]
    answers: tuple[Answer, ...]
    expired: frozenset[str] = frozenset()

    def has_seen(self, signature_sha256: str) -> bool:
        """True if there is an answer with this signature."""
        return any(answer.signature_sha256 == signature_sha256 for answer in self.answers)

    def requesters(self, plan_sha256: str) -> set[str]:
        """ARNs of those who have asked for approvals of this plan."""
        return {str(line["requester"]) for line in self.requests.values() if line["plan_sha256"] == plan_sha256}

    def asked_until(self, plan_sha256: str) -> float:
        """Until when a request about this plan can be answered, in seconds since the epoch; 0.0 if there is none."""
        ends = [float(line["expires_at"]) for line in self.requests.values() if line["plan_sha256"] == plan_sha256]
        return max(ends, default=0.0)

    def standing(self, plan_sha256: str) -> list[Answer]:
        """The decision that each person has signed last on this plan, but for what was withdrawn."""
        last: dict[str, Answer] = {}
        for answer in self.answers:
            if answer.plan_sha256 == plan_sha256 and answer.signed_at >= self.decided_at(plan_sha256, answer.by):
                last[answer.by] = answer
        return [answer for answer in last.values() if answer.decision != "withdraw"]

    def decided_at(self, plan_sha256: str, by: str) -> float:
        """When a person has signed their last decision on this plan, in seconds since the epoch; 0.0 for never."""
        times = (each.signed_at for each in self.answers if (each.plan_sha256, each.by) == (plan_sha256, by))
        return max(times, default=0.0)


@dataclass(frozen=True, slots=True)
class Tally:
    """Whether a plan has the approvals that it needs.

    Attributes:
        required: number of persons who have to approve.
        counted: the approvals that count.
        aged: those that are too old.
        rejected: the rejections, each of which stops the apply.
    """

    required: int
    counted: tuple[Answer, ...]
    aged: tuple[Answer, ...]
    rejected: tuple[Answer, ...]

    @property
    def complete(self) -> bool:
        """True if the apply may go on."""
        return not self.rejected and len(self.counted) >= self.required

    @property
    def sentence(self) -> str:
        """Who has approved, and who is awaited: "1 of 2 approvals: alice; awaiting 1"."""
        names = ", ".join(answer.person for answer in self.counted)
        awaited = self.required - len(self.counted)
        said = f"{len(self.counted)} of {self.required} approvals{names and f': {names}'}"
        return f"{said}; awaiting {awaited}" if awaited > 0 else said


def ledger_of(lines: Sequence[Mapping[str, Any]], run_id: str) -> Ledger:
    """The ledger of a run.

    Args:
        lines: lines of the environment's trail, all about the run among them.
        run_id: ID of the run.
    """
    requests, answers, expired = {}, [], set()
    for line in lines_since_change([dict(each) for each in lines]):
        if line.get("run") != run_id:
            continue
        if line.get("event") == REQUESTED:
            requests[str(line["nonce"])] = line
        elif line.get("event") == EXPIRED:
            expired.add(str(line["signature_sha256"]))
        elif line.get("event") == ANSWERED:
            names = ("by", "decision", "plan_sha256", "nonce", "reason", "signature_sha256")
            texts = {name: str(line[name]) for name in names}
            answers.append(Answer(**texts, signed_at=float(line["signed_at"])))
    return Ledger(requests, tuple(answers), frozenset(expired))


def tally(
    ledger: Ledger, required: RequiredApprovals, plan_sha256: str, now: float, requesters: Collection[str]
) -> Tally:
    """Count the approvals of a plan; two of one person count once.

    Args:
        ledger: the ledger of the run.
        required: what the policy demands, as it is now.
        plan_sha256: SHA-256 of the saved plan.
        now: seconds since the epoch.
        requesters: ARNs of those who ask for the apply.
    """
    counted: list[Answer] = []
    aged, rejected = [], []
    for answer in ledger.standing(plan_sha256):
        own = required.not_by_requester and any(same_person(answer.by, other) for other in requesters)
        if not required.allows(answer.by) or own:
            continue
        if answer.decision == "reject":
            rejected.append(answer)
        elif now - answer.signed_at > required.maximum_age:
            aged.append(answer)
        elif not any(same_person(answer.by, other.by) for other in counted):
            counted.append(answer)
    return Tally(required.count, tuple(counted), tuple(aged), tuple(rejected))
