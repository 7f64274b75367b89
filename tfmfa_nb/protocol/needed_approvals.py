"""The approvals that the policy demands of a plan's apply, and those that it has so far."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenApproval:
    """An approval that counts.

    Attributes:
        by: ARN of the person, as AWS names it.
        until: when it becomes too old, in seconds since the epoch.
    """

    by: str
    until: float

    @property
    def person(self) -> str:
        """The person's name."""
        return self.by.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededApprovals:
    """The approvals that the policy demands, and those that the plan has.

    Attributes:
        required: number of persons who have to approve.
        given: the approvals that count.
        rejected: who has rejected the plan, and why, one text each; each stops the apply.
        approvers: who may approve, in words: patterns of ARNs, and the role.
        asked_until: until when a request can be answered, in seconds since the epoch; 0 if nobody has been asked.
    """

    required: int
    given: tuple[GivenApproval, ...] = ()
    rejected: tuple[str, ...] = ()
    approvers: str
    asked_until: float = 0.0

    @property
    def awaited(self) -> int:
        """Number of persons who are still awaited."""
        return max(0, self.required - len(self.given))

    @property
    def complete(self) -> bool:
        """True if the apply may go on."""
        return not self.rejected and self.awaited == 0
