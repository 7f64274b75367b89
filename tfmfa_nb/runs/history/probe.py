"""Looks at a run that this kernel does not drive: its record, its process, its lock, at last its exit code.

Whether it is still running, and how it ended, is found out and recorded here and nowhere else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.environments import Holder, holder_of
from tfmfa_nb.environments.files import one_at_a_time
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.holder import run_of_holder
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.process import Outcome, TerraformProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.protocol.records import RunRecord

PACE = 0.1  # seconds between two looks: what an eye still sees as at once
# A plan may be initialized first; the record does not say which of the two its process is.
_COMMANDS = {Phase.PLAN: ("plan", "init"), Phase.APPLY: ("apply",)}


class RunProbe:
    """Looks at one run.

    Args:
        environment: its environment.
        run_id: the run.

    Attributes:
        record: as it was at the last look.
        process: its Terraform while that runs; else None.

    Raises:
        RunStateError: its record is missing or not valid.
    """

    def __init__(self, environment: Environment, run_id: str) -> None:
        self._environment, self._id = environment, run_id
        self._store = RunStore(environment, run_id)
        self.process: TerraformProcess | None = None
        self.record: RunRecord = self._store.load()

    @property
    def attended(self) -> bool:
        """Whether the kernel that drives it is alive."""
        holder = self._holder()
        return holder is not None and holder.alive

    def look(self) -> bool:
        """Take in what has changed; whether the run is still running."""
        self.record = self._store.load()
        if self.record.status not in UNDER_WAY:
            self.process = None
            return False
        self._find()
        if self.process is not None:
            return True
        holder = self._holder()
        # A program that Terraform left behind may keep the lock; Terraform's exit code says that it has ended. Its
        # kernel, if it is alive, records that itself.
        return holder is not None and (holder.alive or not self._exit_file().is_file())

    async def outcome(self) -> Outcome:
        """How it ended, by its supervisor's word."""
        return await self._attached(str(self.record.phase)).wait()

    @property
    def ended_at(self) -> float:
        """When it ended, in seconds since the epoch; 0 where that is not known."""
        return self._store.ended_at(self.record.phase)

    async def settle(self) -> Status:
        """Record how it ended, unless whoever drove or followed it has; the status that is recorded.

        An end that cannot be known for sure counts as errored: a plan that nobody saw to its end is not one that was
        shown.

        Raises:
            RunStateError: its record does not agree with the audit trail.
            ConfigurationError: it cannot be recorded.
        """
        outcome = await self.outcome()
        with one_at_a_time(self._store.files.settle_lock):
            # The trail may be a step ahead, where the kernel died between the two.
            self.record, audited = read_verified(self._environment, self._id)
            if audited not in UNDER_WAY and audited is self.record.status:
                return audited
            ended = audited if audited.final else Status.ERRORED
            if audited in UNDER_WAY:
                if audited is Status.APPLYING and outcome.exit_code == 0:
                    ended = Status.APPLIED
                elif outcome.interrupted or outcome.killed:
                    ended = Status.CANCELED
            self.record = replace(self.record, status=ended, process=None)
            self._store.record_status(self.record, found_later=True)
            self._store.drop_plan()
            self._store.save(self.record)
        return ended

    def _find(self) -> None:
        """Its process; the same object as before, which knows whether it was interrupted."""
        mark = self.record.process
        if self.process is not None and mark is not None and self.process.pid == mark.pid and self.process.alive:
            return
        found = (self._attached(name) for name in _COMMANDS.get(self.record.phase, ()))
        self.process = next((process for process in found if process.alive), None)

    def _attached(self, command: str) -> TerraformProcess:
        mark = self.record.process
        # No process has the number 0.
        pid, started = (mark.pid, mark.started) if mark else (0, 0.0)
        return TerraformProcess.attach(pid, started, self._store.files.exit_of(command))

    def _exit_file(self) -> Path:
        return self._store.files.exit_of(str(self.record.phase))

    def _holder(self) -> Holder | None:
        """Whoever holds the environment for this run."""
        holder = holder_of(self._environment.files.lock)
        return holder if holder is not None and run_of_holder(holder) == self._id else None
