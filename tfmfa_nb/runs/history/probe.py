"""What a run that this kernel does not drive leaves: its record, its process, its lock, at last its exit code.

Whether it still goes on, and how it ended, is found out and recorded here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments import Holder, holder_of
from tfmfa_nb.environments.atomic_files import one_at_a_time
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.runs.audit import AuditTrail
from tfmfa_nb.runs.history.verify import read_agreed
from tfmfa_nb.runs.store import RunFolder, facts_of, understood
from tfmfa_nb.terraform.process import Outcome, TerraformProcess

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment

PACE = 0.1  # seconds between two looks: what an eye still sees as at once
# A plan may be initialized first; the record does not say by which of the two its process is.
_COMMANDS = {Phase.PLAN: ("plan", "init"), Phase.APPLY: ("apply",)}


class Traces:
    """The traces of one run.

    Args:
        environment: its environment.
        run_id: the run.

    Attributes:
        record: as it was at the last look.
        process: its Terraform while that goes on; else None.

    Raises:
        RunStateError: there is no record of it, or none that can be understood.
    """

    def __init__(self, environment: Environment, run_id: str) -> None:
        self._environment, self._id = environment, run_id
        self._files = RunFolder(environment.private, run_id)
        self.process: TerraformProcess | None = None
        self.record: dict[str, Any] = {}
        self._read()

    @property
    def status(self) -> Status:
        """As it was recorded last."""
        return Status(self.record["status"])

    @property
    def command(self) -> Phase:
        """What is under way, or was last."""
        return Phase(self.record["phase"])

    @property
    def watched(self) -> bool:
        """Whether the kernel that drives it is there."""
        holder = self._holder()
        return holder is not None and holder.alive

    def look(self) -> bool:
        """Take in what has changed; whether it still goes on."""
        self._read()
        if self.status not in UNDER_WAY:
            self.process = None
            return False
        self._find()
        if self.process is not None:
            return True
        holder = self._holder()
        # A program that Terraform left behind may keep the lock; Terraform's exit code says that it has ended. Its
        # kernel, if it is there, records that itself.
        return holder is not None and (holder.alive or not self._files.exit_file(self.command).is_file())

    async def outcome(self) -> Outcome:
        """How it ended, as its supervisor has it."""
        return await self._attached(self.command).wait()

    @property
    def ended_at(self) -> float:
        """When it ended, in seconds since the epoch; 0 where that is not known."""
        return self._files.ended_at(self.command)

    async def settle(self) -> Status:
        """Record how it ended, unless whoever drove or followed it has; the status that is recorded.

        What cannot be said for sure counts as errored: a plan that nobody saw the end of is not one that was shown.

        Raises:
            RunStateError: its record does not agree with the audit trail.
            ConfigurationError: it cannot be recorded.
        """
        outcome = await self.outcome()
        with one_at_a_time(self._files.path / "settle.lock"):
            # The trail may be a step ahead, where the kernel died between the two.
            self.record, said = read_agreed(self._environment, self._id)
            if said not in UNDER_WAY and said is self.status:
                return said
            ended = said if said.final else Status.ERRORED
            if said in UNDER_WAY:
                if said is Status.APPLYING and outcome.exit_code == 0:
                    ended = Status.APPLIED
                elif outcome.interrupted or outcome.killed:
                    ended = Status.CANCELED
            self.record = {**self.record, "status": str(ended), "process": None}
            AuditTrail(self._environment.private / "audit.jsonl").write(
                "status", run=self._id, status=str(ended), **facts_of(self.record), found_later=True
            )
            self._files.drop_plan()
            self._files.write(self.record)
        return ended

    def _read(self) -> None:
        record = self._files.read()
        with understood(self._id):
            _ = Status(record["status"]), Phase(record["phase"])
        self.record = record

    def _find(self) -> None:
        """Its process; the same object as before, which knows whether it was interrupted."""
        if self.process is not None and self.process.pid == self._recorded()[0] and self.process.alive:
            return
        found = (self._attached(name) for name in _COMMANDS.get(self.command, ()))
        self.process = next((process for process in found if process.alive), None)

    def _attached(self, command: str) -> TerraformProcess:
        return TerraformProcess.attach(*self._recorded(), self._files.exit_file(command))

    def _recorded(self) -> tuple[int, float]:
        """The pid and start of its process; 0 for none, which no process has."""
        with understood(self._id):
            match self.record.get("process"):
                case None:
                    return 0, 0.0
                case {"pid": int(pid), "started": int() | float() as started} if pid > 0:
                    return pid, started
            raise ValueError

    def _holder(self) -> Holder | None:
        """Whoever holds the environment for this run."""
        holder = holder_of(self._environment.lock_path)
        return holder if holder is not None and run_of_holder(holder) == self._id else None


def run_of_holder(holder: Holder) -> str:
    """The run that holds the lock: its purpose is "apply, RUN"."""
    return holder.purpose.rpartition(", ")[2]


def how_to_follow(environment: Environment, holder: Holder) -> str:
    """What a person types about the run that holds the environment; empty where nothing is known of it."""
    run_id = run_of_holder(holder)
    if not run_id or not (environment.private / "runs" / run_id / "run.json").is_file():
        return ""
    try:
        status = Traces(environment, run_id).status
    except RunStateError:
        return ""
    if status.final:
        return f"That run is {status}; to free what it left: %tfruns {environment.option} unlock"
    return f"To see it to its end: %tfruns {environment.option} follow {run_id}" if status in UNDER_WAY else ""
