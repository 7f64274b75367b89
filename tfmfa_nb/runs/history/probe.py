"""Observes a run that another kernel drives, through its record, process, lock, and exit code.

Only this module determines whether such a run is still running, and records how it ended.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.environments import Holder, holder_of
from tfmfa_nb.environments.atomic_files import one_at_a_time
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.runs.engine.failure import was_stopped
from tfmfa_nb.runs.history.never_started import why_never_started
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.holder import run_of_holder
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.process import Outcome, TerraformProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.protocol.records import RunRecord

PACE = 0.1  # seconds between two checks; short enough to look immediate
# `init` may precede a plan; the record does not tell to which of the two the process belongs.
_COMMANDS = {
    Phase.PLAN: ("plan", "init"),
    Phase.APPLY: ("apply",),
    **{phase: (str(phase), "state", "init") for phase in (Phase.READ, Phase.CHANGE, Phase.CHECK)},
}
_SUCCEEDED = {Status.APPLYING: Status.APPLIED, Status.RUNNING: Status.FINISHED}


class RunProbe:
    """Observes one run.

    Args:
        environment: environment of the run.
        run_id: ID of the run.

    Attributes:
        record: record at the last check.
        process: its Terraform process; None if none is running.

    Raises:
        RunStateError: the record is missing or not valid.
    """

    def __init__(self, environment: Environment, run_id: str) -> None:
        self._environment, self._id = environment, run_id
        self._store = RunStore(environment, run_id)
        self.process: TerraformProcess | None = None
        self._last: TerraformProcess | None = None
        self.record: RunRecord = self._store.load()

    @property
    def attended(self) -> bool:
        """True if the kernel that drives the run is alive."""
        holder = self._holder()
        return holder is not None and holder.alive

    def look(self) -> bool:
        """Update `record` and `process`. True if the run is still running."""
        self.record = self._store.load()
        if self.record.status not in UNDER_WAY:
            self.process = None
            return False
        self._find()
        if self.process is not None:
            if self.process.left_alone:
                self.process.observe()
                self._last = self.process
            return True
        holder = self._holder()
        # A program that Terraform left behind may still hold the lock, but then Terraform's end is known. A live kernel
        # records the end itself.
        return holder is not None and (holder.alive or not self._terraform_ended())

    async def outcome(self) -> Outcome:
        """How Terraform ended, as its supervisor recorded it, or as Terraform itself said while it was observed."""
        process = self._last or self._attached(str(self.record.phase))
        return await process.wait()

    @property
    def left_alone(self) -> int:
        """The process ID of a Terraform that nobody supervises any more; 0 otherwise."""
        return 0 if self.process is None else self.process.left_alone

    @property
    def ended_at(self) -> float:
        """When the phase ended, in seconds since the epoch; 0 if unknown."""
        return self._store.ended_at(self.record.phase)

    async def settle(self, store: RunStore) -> Status:
        """Record how the run ended, unless another kernel has recorded it. Returns the recorded status.

        An uncertain end counts as errored, and so does a plan that ended without a kernel: nobody has seen that plan.

        Args:
            store: the run's store, under the organization policy.

        Raises:
            RunStateError: the record does not match the audit trail.
            ConfigurationError: the end cannot be recorded.
        """
        outcome = await self.outcome()
        (self._last or self._attached(str(self.record.phase))).release_room()  # the record may need it
        with one_at_a_time(self._store.files.settle_lock):
            # The trail may be one step ahead if the kernel died before it saved the record.
            self.record, audited = read_verified(self._environment, self._id)
            if audited not in UNDER_WAY and audited is self.record.status:
                return audited
            ended = audited if audited.final else Status.ERRORED
            if audited in UNDER_WAY:
                if audited in _SUCCEEDED and outcome.exit_code == 0:
                    ended = _SUCCEEDED[audited]
                elif was_stopped(outcome, store, self.record.log_start):
                    ended = Status.CANCELED
            seen = time.time() if self._last else 0.0  # then nobody but this kernel knows when Terraform ended
            ended_at = self.ended_at or seen or self.record.ended_at
            self.record = replace(self.record, status=ended, process=None, ended_at=ended_at)
            store.record_status(self.record, found_later=True)
            store.drop_plan()
            store.save(self.record)
        return ended

    def _find(self) -> None:
        """Find the process. A live one keeps its object, which knows whether it was interrupted."""
        pid = self.record.process.pid if self.record.process else 0
        if self.process is not None and self.process.pid == pid and self.process.alive:
            return
        processes = (self._attached(name) for name in _COMMANDS.get(self.record.phase, ()))
        self.process = next((process for process in processes if process.alive), None)

    def _attached(self, command: str) -> TerraformProcess:
        mark = self.record.process
        # No process has the ID 0.
        pid, started = (mark.pid, mark.started) if mark else (0, 0.0)
        return TerraformProcess.attach(pid, started, self._store.files.exit_of(command))

    def _terraform_ended(self) -> bool:
        command = str(self.record.phase)
        return self._store.files.exit_of(command).is_file() or self._attached(command).ended_unseen

    def _holder(self) -> Holder | None:
        """The holder of the environment's lock, if it is this run."""
        holder = holder_of(self._environment.files.lock)
        return holder if holder is not None and run_of_holder(holder) == self._id else None


async def wait_for_end(environment: Environment, run_id: str, tell: Callable[[str], None], policy: Policy) -> Status:
    """Wait until the Terraform of a run whose kernel has exited has ended; record and return the run's status.

    A run that never started counts as canceled.

    Args:
        environment: environment of the run.
        run_id: ID of the run.
        tell: called with one sentence if Terraform is still running.
        policy: organization policy, for what is written about the run.

    Raises:
        RunStateError: the record is missing, or does not match the audit trail.
        ConfigurationError: the status cannot be recorded.
    """
    if why_never_started(environment, run_id):
        return Status.CANCELED
    read_verified(environment, run_id)  # a mismatch is reported before the wait
    probe = RunProbe(environment, run_id)
    if probe.look():
        tell(f"Waiting for the {probe.record.phase} of {run_id}, which is still running.")
    while probe.look():  # noqa: ASYNC110 - there is no event for the end of another kernel's process
        await asyncio.sleep(PACE)
    store = RunStore(environment, run_id)
    store.under(policy)
    return await probe.settle(store)
