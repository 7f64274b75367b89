"""Holds an apply until it has the approvals that the policy demands: before a code is asked for, and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ApprovalsMissing
from tfmfa_nb.runs.approvals.ledger import COMPLETE, EXPIRED, ledger_of, tally
from tfmfa_nb.runs.approvals.needed import needed_of, tell_needed
from tfmfa_nb.runs.approvals.requester import requester_of
from tfmfa_nb.runs.events import ApprovalsKnown
from tfmfa_nb.runs.gate.levels import protected_of
from tfmfa_nb.runs.gate.roles import turn_red

if TYPE_CHECKING:
    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.organization.policy_approvals import RequiredApprovals
    from tfmfa_nb.runs.approvals.ledger import Ledger, Tally
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate


async def check_approved(driver: Driver, gate: Gate) -> None:
    """Make sure, before a code is asked for, that the plan has the approvals that the policy demands.

    Raises:
        ApprovalsMissing: it has too few, they are too old, or somebody has rejected it.
        TfmfaError: as `requester_of` does.
    """
    _check_place(driver, gate)
    required = _required(driver, gate)
    if required is not None:
        asking = await _asking(gate) if required.not_by_requester else ""
        _check(driver, required, asking)


def check_other_change(driver: Driver, gate: Gate) -> None:
    """Make sure that nothing changes what needs approvals without a plan: there is nothing to approve.

    That is what another command changes, and what a plan itself does with `--migrate-state` and `--or-create`. To free
    a state's lock is no change of it.

    Raises:
        ApprovalsMissing: the policy demands approvals of applies to the environment, and allows no other changes.
    """
    required = _required(driver, gate)
    option, command = driver.environment.option, driver.record.command
    if required is None or required.other_changes or command == "force-unlock":
        return
    what = f"terraform {command} has" if command else "what --migrate-state and --or-create do is in"
    error = ApprovalsMissing(
        f'The organization policy demands approvals for changes of "{driver.environment.name}", and {what} no plan '
        "that a person could approve.",
        "Change it by a plan (`moved`, `removed`, and `import` blocks change the state by one): "
        f"%tfplan {option}. Or have other_changes = true set in the policy.",
    )
    raise turn_red(driver, error)


async def record_approved(driver: Driver, gate: Gate, session: MfaSession | None) -> None:
    """Make sure once more, when the apply is about to start, and record who has approved it.

    Raises:
        ApprovalsMissing: meanwhile, they are too old or withdrawn, or it is an approver who applies.
        ConfigurationError: the audit trail cannot be written.
    """
    required = _required(driver, gate)
    if required is None:
        return
    asking = session.identity.arn if session is not None else await _asking(gate) if required.not_by_requester else ""
    found = _check(driver, required, asking)
    driver.store.audit(
        COMPLETE,
        by=[answer.by for answer in found.counted],
        signatures=[answer.signature_sha256 for answer in found.counted],
        requester=asking,
        plan_sha256=driver.record.plan_sha256,
        **required.facts(),
    )
    driver.tell(ApprovalsKnown(tuple(answer.by for answer in found.counted)))
    driver.note(f"Approved by {', '.join(answer.person for answer in found.counted)}.")


def _check_place(driver: Driver, gate: Gate) -> None:
    """Make sure that a copy of an environment's folder, with its plan and its trail, is not another environment's."""
    environment, made_for = driver.environment, driver.record.environment
    demanded = any(layer.approvals for layer in gate.policy.layers)
    if demanded and environment.owned and environment.name != made_for:
        error = ApprovalsMissing(
            f'The plan was made for "{made_for}", and approvals for it do not count for "{environment.name}".',
            f"Plan again: %tfplan {environment.option}",
        )
        raise turn_red(driver, error)


def _required(driver: Driver, gate: Gate) -> RequiredApprovals | None:
    return gate.policy.approvals_of(protected_of(driver.environment, gate.environ))


async def _asking(gate: Gate) -> str:
    identity, _ = await requester_of(gate.environ, gate.profile, gate.policy, gate.aws)
    return identity.arn


def _check(driver: Driver, required: RequiredApprovals, asking: str) -> Tally:
    record, store = driver.record, driver.store
    ledger = ledger_of(store.trail.of_runs({record.id}).get(record.id, []), record.id)
    requesters = ledger.requesters(record.plan_sha256) | ({asking} if asking else set())
    found = tally(ledger, required, record.plan_sha256, driver.ports.clock(), requesters)
    tell_needed(driver, needed_of(found, ledger, required, record.plan_sha256))
    _record_aged(driver, found, ledger)
    if found.complete:
        return found
    option = driver.environment.option
    if found.rejected:
        said = "; ".join(
            f"{each.person} has rejected it{each.reason and f': {each.reason}'}" for each in found.rejected
        )
        error = ApprovalsMissing(f"The plan cannot be applied: {said}.", "Change what is rejected, and plan again.")
    else:
        old = f" Too old: {', '.join(each.person for each in found.aged)}." if found.aged else ""
        error = ApprovalsMissing(
            f"The apply lacks approvals: {found.sentence}.{old}", f"Ask for them: %tfruns {option} request {record.id}"
        )
    raise turn_red(driver, error)


def _record_aged(driver: Driver, found: Tally, ledger: Ledger) -> None:
    """Write a line about each approval that has become too old, once."""
    for answer in found.aged:
        if answer.signature_sha256 not in ledger.expired:
            driver.store.audit(
                EXPIRED, by=answer.by, signature_sha256=answer.signature_sha256, plan_sha256=answer.plan_sha256
            )
