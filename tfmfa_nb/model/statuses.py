"""The statuses and phases of a run, and the transitions between statuses.

The statuses are HCP Terraform's run states (https://developer.hashicorp.com/terraform/cloud-docs/run/states).
"""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """The phases that can require a code: a run's plan and apply, and unlocking a state that a dead run left locked."""

    PLAN = "plan"
    APPLY = "apply"
    UNLOCK = "unlock"


class Status(StrEnum):
    """A run's status."""

    PENDING = "pending"
    PLANNING = "planning"
    PLANNED = "planned"
    PLANNED_AND_FINISHED = "planned_and_finished"
    CONFIRMED = "confirmed"
    APPLYING = "applying"
    APPLIED = "applied"
    ERRORED = "errored"
    DISCARDED = "discarded"
    CANCELED = "canceled"

    @property
    def final(self) -> bool:
        """True if a run in this status has ended."""
        return self in _FINAL


NEXT: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PLANNING, Status.ERRORED, Status.CANCELED, Status.DISCARDED}),
    Status.PLANNING: frozenset({Status.PLANNED, Status.PLANNED_AND_FINISHED, Status.ERRORED, Status.CANCELED}),
    Status.PLANNED: frozenset({Status.CONFIRMED, Status.DISCARDED, Status.ERRORED}),
    Status.CONFIRMED: frozenset({Status.APPLYING, Status.ERRORED, Status.CANCELED}),
    Status.APPLYING: frozenset({Status.APPLIED, Status.ERRORED, Status.CANCELED}),
}
UNDER_WAY = frozenset({Status.PENDING, Status.PLANNING, Status.CONFIRMED, Status.APPLYING})
_FINAL = frozenset({Status.PLANNED_AND_FINISHED, Status.APPLIED, Status.ERRORED, Status.DISCARDED, Status.CANCELED})
