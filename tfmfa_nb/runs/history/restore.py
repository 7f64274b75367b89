"""Restores a run that another kernel started from its record. Its apply is never started a second time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import usable
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.statuses import UNDER_WAY, Status
from tfmfa_nb.runs.approvals.needed import report_needed
from tfmfa_nb.runs.engine.outcome import report_checks
from tfmfa_nb.runs.engine.progress import ApplyProgress
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.runs.store import valid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.driver import Driver


def restore(environment: Environment, run_id: str, base: Path, environ: Mapping[str, str], policy: Policy) -> Run:
    """The run `run_id` from its record; a pending plan can then be applied, after the same MFA gate and checks.

    Args:
        environment: environment of the run.
        run_id: ID of the run.
        base: folder of the notebook.
        environ: process environment.
        policy: organization policy, for what is written about the run.

    Raises:
        RunStateError: the record is missing or does not match the audit trail, the run may still be running, or the
            plan is not the one that was shown.
        ConfigurationError: the trail cannot be read, or the record's lock timeout is not a duration.
    """
    record, status = read_verified(environment, run_id)
    if status in UNDER_WAY or record.status is not status:
        raise RunStateError(
            f"{run_id} is {record.status}.", f"Follow it to its end: %tfruns {environment.option} follow {run_id}"
        )
    run = run_of(environment, record, base, policy)
    driver = run.driver
    driver.outputs = _outputs(driver)
    with suppress(OSError):
        report_checks(driver)
    if status is Status.PLANNED:
        driver.store.check_plan(record.plan_sha256)
        driver.show_plan(driver.ports.terraform.find(environ), environ)
        report_needed(driver, policy, environ)
    else:
        driver.restore_changes()
    return run


def run_of(environment: Environment, record: RunRecord, base: Path, policy: Policy) -> Run:
    """The run of `record`, in any status.

    Raises:
        RunStateError: the record is not valid.
        ConfigurationError: its lock timeout is not a duration.
    """
    with valid(record.id):
        chosen = record.workspace if record.workspace_chosen else ""
        options = Options(lock_timeout=record.lock_timeout, workspace=chosen)
        _ = options.lock_seconds  # report an invalid duration now
        run = Run(environment, options, base, record)
    run.driver.store.under(policy)
    with usable(run.driver.store.files.folder):
        run.driver.look_at_log()
    return run


def show_authentication(driver: Driver) -> None:
    """Set the lock indicator of a restored run."""
    record = driver.record
    if record.authenticated_by:
        driver.show_indicator(LockIndicator.AUTHENTICATED, f"Authenticated with MFA by {record.authenticated_by}")
    else:
        driver.show_indicator(LockIndicator.OPEN, f"No code was needed to {record.purpose}")


def _outputs(driver: Driver) -> dict[str, object]:
    progress = ApplyProgress(driver)
    with suppress(OSError):
        progress.look()
    if driver.record.status is Status.APPLIED:
        progress.complete()
    return progress.outputs
