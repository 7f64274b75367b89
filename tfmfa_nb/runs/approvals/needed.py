"""Tells who is awaited before the apply of a plan: on its card, in lists of runs, and to programs that poll."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.protocol.needed_approvals import GivenApproval, NeededApprovals
from tfmfa_nb.runs.approvals.ledger import ledger_of, tally
from tfmfa_nb.runs.events import ApprovalsCounted
from tfmfa_nb.runs.gate.levels import protected_of
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.policy_approvals import RequiredApprovals
    from tfmfa_nb.runs.approvals.ledger import Ledger, Tally
    from tfmfa_nb.runs.driver import Driver


def needed_of(found: Tally, ledger: Ledger, required: RequiredApprovals, plan_sha256: str) -> NeededApprovals:
    """What a plan needs and has, for a person to see.

    Args:
        found: its approvals, counted.
        ledger: the ledger of its run.
        required: what the policy demands.
        plan_sha256: SHA-256 of the plan.
    """
    given = [GivenApproval(by=each.by, until=each.signed_at + required.maximum_age) for each in found.counted]
    rejected = [f"{each.person}{each.reason and f': {each.reason}'}" for each in found.rejected]
    return NeededApprovals(
        required=required.count,
        given=tuple(given),
        rejected=tuple(rejected),
        approvers=required.approvers,
        asked_until=ledger.asked_until(plan_sha256),
    )


def tell_needed(driver: Driver, needed: NeededApprovals) -> None:
    """Tell the views of a run, and programs that poll it."""
    driver.tell(ApprovalsCounted(needed, "" if needed.complete else "approval"))


def report_needed(driver: Driver, policy: Policy, environ: Mapping[str, str]) -> None:
    """Count the approvals of a planned run, as far as its audit trail can be read, and tell of them.

    Args:
        driver: driver of the run.
        policy: organization policy.
        environ: process environment, for the workspace.
    """
    record = driver.record
    required = required_of(driver.environment, policy, environ)
    found = needed_by_runs(driver.environment, {record.id: record.plan_sha256}, required)
    for needed in found.values():
        tell_needed(driver, needed)


def required_of(environment: Environment, policy: Policy, environ: Mapping[str, str]) -> RequiredApprovals | None:
    """What the policy demands of applies to an environment; None if that is nothing, or the environment is unreadable.

    Args:
        environment: the environment.
        policy: organization policy.
        environ: process environment, for the workspace.
    """
    try:
        return policy.approvals_of(protected_of(environment, environ))
    except TfmfaError:
        return None


def needed_by_runs(
    environment: Environment, plans: Mapping[str, str], required: RequiredApprovals | None
) -> dict[str, NeededApprovals]:
    """What each of some planned runs needs and has, by run; of none if nothing is demanded, or the trail is unreadable.

    Args:
        environment: environment of the runs.
        plans: SHA-256 of each run's plan, by run.
        required: what the policy demands of their applies; None for nothing.
    """
    if required is None or not plans:
        return {}
    try:
        lines = RunStore(environment, next(iter(plans))).trail.of_runs(set(plans))
    except TfmfaError:
        return {}
    needed = {}
    for run_id, plan_sha256 in plans.items():
        ledger = ledger_of(lines.get(run_id, []), run_id)
        found = tally(ledger, required, plan_sha256, time.time(), ledger.requesters(plan_sha256))
        needed[run_id] = needed_of(found, ledger, required, plan_sha256)
    return needed
