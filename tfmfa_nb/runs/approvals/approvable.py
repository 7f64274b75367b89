"""Whether there is a plan to approve, and which approvals its apply needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.runs.gate.levels import protected_of
from tfmfa_nb.runs.history.verify import read_verified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.policy_approvals import RequiredApprovals
    from tfmfa_nb.protocol.records import RunRecord


def planned_record(environment: Environment, run_id: str) -> RunRecord:
    """The record of a run whose plan waits for its apply, as the audit trail confirms it.

    Raises:
        RunStateError: the trail says something else, or the run has no pending plan.
        ConfigurationError: the trail cannot be read.
    """
    record, status = read_verified(environment, run_id, whole=True)
    if status is not Status.PLANNED:
        raise RunStateError(f"{run_id} is {status}: there is no plan to approve.", "Run %tfplan first.")
    return record


def demanded_of(environment: Environment, policy: Policy, environ: Mapping[str, str]) -> RequiredApprovals:
    """The approvals that the policy demands of applies to an environment.

    Raises:
        RunStateError: it demands none.
    """
    required = policy.approvals_of(protected_of(environment, environ))
    if required is None:
        raise RunStateError(f'"{environment.name}" needs no approvals.', "Apply the plan with %tfapply.")
    return required
