"""A run that another kernel began: its end is waited for, then it is there again, from its record.

Its apply is never begun a second time. What its record cannot say for sure counts as errored.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments.atomic_files import usable
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.problems import Problem
from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.runs.engine.show import show_plan
from tfmfa_nb.runs.history.probe import PACE, Traces
from tfmfa_nb.runs.history.verify import read_agreed
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.runs.store import understood
from tfmfa_nb.terraform.apply_progress import ApplyEvents
from tfmfa_nb.terraform.credentials import child_environ
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.terraform.role_chains import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment


async def wait_for_end(environment: Environment, run_id: str, tell: Callable[[str], None]) -> Status:
    """The status of a run whose kernel is gone, once its Terraform has ended too; it is recorded.

    Args:
        environment: its environment.
        run_id: the run.
        tell: told one sentence where there is something to wait for.

    Raises:
        RunStateError: there is no record of it that agrees with the audit trail.
        ConfigurationError: it cannot be recorded.
    """
    read_agreed(environment, run_id)  # whoever disagrees is told so before anything is waited for
    traces = Traces(environment, run_id)
    if traces.look():
        tell(f"Terraform still runs the {traces.command} of {run_id}: waiting for its end.")
    while traces.look():  # noqa: ASYNC110 - nothing tells of the end of another kernel's process
        await asyncio.sleep(PACE)
    return await traces.settle()


def restore(environment: Environment, run_id: str, base: Path, environ: Mapping[str, str]) -> Run:
    """The run `run_id` as its record has it; one that waits can be applied, after the same gate and checks.

    Raises:
        RunStateError: there is no record of it that agrees with the audit trail, it may still be going on, or its plan
            is not the one shown.
    """
    record, status = read_agreed(environment, run_id)
    if status in UNDER_WAY or record["status"] != str(status):
        raise RunStateError(
            f"{run_id} is {record['status']}.", f"See it to its end: %tfruns {environment.option} follow {run_id}"
        )
    run = run_of(environment, record, run_id, base)
    run._outputs = _outputs(run)
    if run.status == Status.PLANNED:
        run._files.check_plan(run.plan_sha256)
        show_plan(run, find_executable(environ), child_environ(environ, credentials=False)[0])
    else:
        run._plan = kept_plan(run)
    return run


def run_of(environment: Environment, record: dict[str, Any], run_id: str, base: Path) -> Run:
    """The run `run_id` as `record` has it, whatever its status.

    Raises:
        RunStateError: the record does not hold what a run's must.
    """
    names = (
        *("status", "phase", "level", "product", "authenticated_by", "authenticated_at", "identity"),
        *("started_at", "plan_sha256", "counts"),
    )
    with understood(run_id):
        options = Options(lock_timeout=record.get("lock_timeout", "0s"))
        _ = options.lock_seconds  # bad input is told before it is used
        run = Run(environment, options, base, run_id)
        for name in names:
            setattr(run, name, record[name])
        # A level that is none must not pass for no level.
        _ = Level(run.level), Status(run.status), Phase(run.phase)
        run._findings = Findings(
            chains=tuple(_chain(chain) for chain in record["chains"]),
            bypasses=tuple(Problem(**bypass) for bypass in record["bypasses"]),
        )
        run.log_start = record.get("log_start", 0)
    with usable(run._files.path):
        run.log_lines = run._log.refresh()
    return run


def _chain(record: dict[str, Any]) -> RoleChain:
    hops = tuple(
        RoleHop(
            **{
                **hop,
                "policy_arns": tuple(hop["policy_arns"]),
                "tags": tuple((str(key), str(value)) for key, value in hop["tags"]),
                "transitive_tag_keys": tuple(hop["transitive_tag_keys"]),
            }
        )
        for hop in record["hops"]
    )
    return RoleChain(**{**record, "hops": hops})


def kept_plan(run: Run) -> Future[Plan]:
    """What the plan changed, kept beside the record; where it is not known, asking for it says so."""
    plan: Future[Plan] = Future()
    try:
        kept = Plan(json.loads(run._files.changes.read_text(encoding="utf-8")))
        run.changes = [{"address": one.address, "action": one.action} for one in kept.changes]
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        plan.set_exception(RunStateError(f"What {run.id} changed is not known any more."))
        return plan
    plan.set_result(kept)
    return plan


def _outputs(run: Run) -> dict[str, Any]:
    events = ApplyEvents(run._files.events)
    with suppress(OSError):
        events.refresh()
    return dict(events.progress.outputs)
