"""A run that another kernel started: its end is waited for, then it is there again, from its record.

Its apply is never started a second time. Where the record cannot say for sure, the run counts as errored.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TYPE_CHECKING

from tfmfa_nb.environments.files import usable
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import UNDER_WAY, Status
from tfmfa_nb.runs.driver import changes_of
from tfmfa_nb.runs.engine.progress import ApplyProgress
from tfmfa_nb.runs.events import ChangesKnown
from tfmfa_nb.runs.history.probe import PACE, RunProbe
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.runs.store import valid
from tfmfa_nb.terraform.credentials import child_environment
from tfmfa_nb.terraform.providers import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.plan import Plan


async def wait_for_end(environment: Environment, run_id: str, tell: Callable[[str], None]) -> Status:
    """The status of a run whose kernel has exited, once its Terraform has ended too; it is recorded.

    Args:
        environment: its environment.
        run_id: the run.
        tell: told one sentence where there is something to wait for.

    Raises:
        RunStateError: its record is missing, or does not agree with the audit trail.
        ConfigurationError: it cannot be recorded.
    """
    read_verified(environment, run_id)  # whoever disagrees is told so before anything is waited for
    probe = RunProbe(environment, run_id)
    if probe.look():
        tell(f"Terraform is still running the {probe.record.phase} of {run_id}: waiting for its end.")
    while probe.look():  # noqa: ASYNC110 - nothing tells of the end of another kernel's process
        await asyncio.sleep(PACE)
    return await probe.settle()


def restore(environment: Environment, run_id: str, base: Path, environ: Mapping[str, str]) -> Run:
    """The run `run_id` from its record; one that waits can be applied, after the same gate and checks.

    Raises:
        RunStateError: its record is missing or does not agree with the audit trail, it may still be running, or its
            plan is not the one that was shown.
    """
    record, status = read_verified(environment, run_id)
    if status in UNDER_WAY or record.status is not status:
        raise RunStateError(
            f"{run_id} is {record.status}.", f"Follow it to its end: %tfruns {environment.option} follow {run_id}"
        )
    run = run_of(environment, record, base)
    driver = run.driver
    driver.outputs = _outputs(driver)
    if status is Status.PLANNED:
        driver.store.check_plan(record.plan_sha256)
        executable = driver.ports.terraform.find(environ)
        shown_with, _ = child_environment(environ, credentials=False)
        show, plan_file, folder = driver.ports.terraform.show, driver.store.files.plan, environment.folder
        driver.show(lambda: show(executable, plan_file, folder, shown_with))
    else:
        restore_changes(driver)
    return run


def run_of(environment: Environment, record: RunRecord, base: Path) -> Run:
    """The run of `record`, whatever its status.

    Raises:
        RunStateError: the record does not hold what a run's must.
    """
    with valid(record.id):
        options = Options(lock_timeout=record.lock_timeout)
        _ = options.lock_seconds  # bad input is told before it is used
        run = Run(environment, options, base, record)
    run.driver.findings = Findings(record.chains, record.bypasses)
    with usable(run.driver.store.files.folder):
        run.driver.look_at_log()
    return run


def restore_changes(driver: Driver) -> None:
    """The changes of the plan, kept beside the record; where they are not known, asking for the plan says so."""
    plan: Future[Plan] = Future()
    driver.plan = plan
    try:
        kept = driver.store.load_changes()
    except RunStateError as error:
        plan.set_exception(error)
        return
    plan.set_result(kept)
    driver.tell(ChangesKnown(changes_of(kept)))


def _outputs(driver: Driver) -> dict[str, object]:
    progress = ApplyProgress(driver)
    progress.look()
    return progress.outputs
