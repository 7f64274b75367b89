"""The statuses and phases of a run, and the transitions between statuses.

The statuses are HCP Terraform's run states (https://developer.hashicorp.com/terraform/cloud-docs/run/states).
"""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """What a run does: its plan and its apply, unlocking a state that a dead run left locked, or another command.

    Another command reads the state, changes it, or touches nothing ("check"), and is the only phase of its run.
    """

    PLAN = "plan"
    APPLY = "apply"
    UNLOCK = "unlock"
    READ = "read"
    CHANGE = "change"
    CHECK = "check"

    @property
    def changes(self) -> bool:
        """True if it can change what exists, or what the state says of it."""
        return self not in {Phase.PLAN, Phase.READ, Phase.CHECK}


class Status(StrEnum):
    """A run's status. A run of another command than `plan` and `apply` is `running`, then `finished`."""

    PENDING = "pending"
    PLANNING = "planning"
    PLANNED = "planned"
    PLANNED_AND_FINISHED = "planned_and_finished"
    CONFIRMED = "confirmed"
    APPLYING = "applying"
    APPLIED = "applied"
    RUNNING = "running"
    FINISHED = "finished"
    ERRORED = "errored"
    DISCARDED = "discarded"
    CANCELED = "canceled"

    @property
    def final(self) -> bool:
        """True if a run in this status has ended."""
        return self in _FINAL


NEXT: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset(
        {
            *(Status.PLANNING, Status.RUNNING, Status.ERRORED, Status.CANCELED, Status.DISCARDED),
        }
    ),
    Status.PLANNING: frozenset({Status.PLANNED, Status.PLANNED_AND_FINISHED, Status.ERRORED, Status.CANCELED}),
    Status.PLANNED: frozenset({Status.CONFIRMED, Status.DISCARDED, Status.ERRORED}),
    Status.CONFIRMED: frozenset({Status.APPLYING, Status.ERRORED, Status.CANCELED}),
    Status.APPLYING: frozenset({Status.APPLIED, Status.ERRORED, Status.CANCELED}),
    Status.RUNNING: frozenset({Status.FINISHED, Status.ERRORED, Status.CANCELED}),
}
UNDER_WAY = frozenset({Status.PENDING, Status.PLANNING, Status.CONFIRMED, Status.APPLYING, Status.RUNNING})
_FINAL = frozenset(
    {
        *(Status.PLANNED_AND_FINISHED, Status.APPLIED, Status.FINISHED),
        *(Status.ERRORED, Status.DISCARDED, Status.CANCELED),
    }
)
