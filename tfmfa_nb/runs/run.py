"""A run: one plan and, if it is confirmed, the apply of exactly that plan.

`Run` knows no widget and no IPython; views observe its traits, which are plain values without a secret.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Dict, Float, HasTraits, Int, List, Unicode

from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import NEXT, Phase, Status
from tfmfa_nb.runs.audit import AuditTrail
from tfmfa_nb.runs.store import RunFolder, facts_of, record_of
from tfmfa_nb.terraform.log import RunLog

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.runs.options import Options
    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.process import TerraformProcess
    from tfmfa_nb.terraform.providers import Findings

_log = logging.getLogger(__name__)


class Run(HasTraits):
    """One run of an environment.

    Args:
        environment: where it happens.
        options: what the person said about it.
        base: the notebook's folder, which relative paths start from.
        run_id: an earlier run, whose files are there; a new one where it is None.
    """

    id = Unicode()
    environment = Unicode()
    folder = Unicode()
    phase = Unicode(str(Phase.PLAN), help="The phase under way, or the last one.")
    status = Unicode(str(Status.PENDING))
    level = Unicode(str(Level.NEVER))
    lock_indicator = Unicode(str(LockIndicator.OPEN), help="The lock indicator, about MFA.")
    lock_indicator_text = Unicode()
    lock_indicator_remedy = Unicode()
    authenticated_by = Unicode(help="The IAM user that STS named, for the last phase.")
    authenticated_at = Float(help="When, in seconds since the epoch; 0 if nobody did.")
    plan_sha256 = Unicode(help="Of the saved plan; what is applied is checked against it.")
    identity = Dict(help="account, alias, user, arn, serial_number, region, source")
    roles: List[Any] = List(help="[{provider, place, hops: [{arn, state, message}]}]")
    counts = Dict(allow_none=True, default_value=None, help="add, change, destroy, imported")
    changes: List[Any] = List(help="[{address, action}]")
    progress = Dict(help="done, total, current, finished")
    question = Dict(help="What a person is asked now: kind, phase, text, attempt; empty for nothing.")
    notes: List[str] = List(help="What was done with the surroundings, in sentences.")
    error = Unicode()
    error_remedy = Unicode()
    error_documents: List[Any] = List(help="[{title, text}]: what mends the error, ready to paste.")
    log_lines = Int()
    log_start = Int(help="The first line of the phase that is shown.")
    log_path = Unicode(help="The log's file, seen from the notebook.")
    started_at = Float(help="Seconds since the epoch; 0 before the start.")
    ended_at = Float(help="Seconds since the epoch; 0 while the phase runs.")
    canceling = Bool(default_value=False)
    product = Unicode(help="The program and its version: terraform 1.11.4.")

    def __init__(self, environment: Environment, options: Options, base: Path, run_id: str | None = None) -> None:
        private = environment.private
        self._files = RunFolder(private, run_id)
        self._log = RunLog(self._files.log)
        self._audit = AuditTrail(private / "audit.jsonl")
        super().__init__(
            id=self._files.id,
            environment=environment.name,
            folder=str(environment.folder),
            log_path=_from(base, self._files.log),
        )
        self._environment = environment
        self._options = options
        self._base = base
        self._findings: Findings | None = None
        self._plan: Future[Plan] | None = None
        self._outputs: dict[str, Any] = {}
        self._process: TerraformProcess | None = None

    def notify_change(self, change: Any) -> None:
        """Tell the observers; a view that cannot show something must not stop what is shown."""
        try:
            super().notify_change(change)
        except Exception as error:  # noqa: BLE001 - whatever a view does
            _log.warning("A view of %s failed: %s", self.id, type(error).__name__)

    @property
    def plan(self) -> Plan:
        """What the plan would change; waits for `terraform show -json`, about two seconds after the plan.

        Raises:
            RunStateError: there is no plan.
            TerraformFailed: Terraform could not show it.
        """
        if self._plan is None:
            raise RunStateError(f"The run is {self.status}: there is no plan.", "Run %%tfplan first.")
        return self._plan.result()

    async def wait_for_changes(self) -> None:
        """Until `changes` says what the plan would change, or it is clear that nothing will."""
        if self._plan is not None:
            await asyncio.wait({asyncio.wrap_future(self._plan)})

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs that the apply reported, name to value; a sensitive one is "(sensitive)"."""
        return dict(self._outputs)

    @property
    def seconds(self) -> float:
        """How long the last phase took, or has taken so far."""
        # The clock may have been set back meanwhile.
        return max(0.0, (self.ended_at or time.time()) - self.started_at) if self.started_at else 0.0

    @property
    def log_file(self) -> Path:
        """The whole log, without secrets; absolute."""
        return self._files.log.absolute()

    def log_text(self, start: int = 0, stop: int | None = None) -> list[str]:
        """Lines of the log, without secrets, their colours kept."""
        return self._log.lines(start, self._log.refresh() if stop is None else stop)

    def cancel(self) -> None:
        """Stop gracefully: one interrupt to Terraform, which saves what is finished; or leave the prompt."""
        self.canceling = True
        if self._process is not None:
            self._process.interrupt()

    def kill(self) -> None:
        """Stop by force; what is in flight may be lost from the state.

        Raises:
            RunStateError: the run was not asked to stop gracefully first.
        """
        if not self.canceling:
            raise RunStateError("The run was not canceled yet.", "Cancel it first, and give it time.")
        if self._process is not None:
            self._audit.write("killed", run=self.id)
            self._process.kill()

    def adjust(self, options: Options) -> None:
        """Take what `%tfapply` may still say: how long to wait for locks, and a stricter level."""
        level = Level.strictest(self._options.level, options.level)
        self._options = replace(self._options, level=level, lock_timeout=options.lock_timeout)
        self.level = str(Level.strictest(Level(self.level), level))

    def discard(self) -> None:
        """Give the plan up, and delete it.

        Raises:
            RunStateError: there is no plan that waits.
        """
        if self.status != Status.PLANNED:
            raise RunStateError(f"The run is {self.status}.", "Only a planned run can be discarded.")
        self._move(Status.DISCARDED)

    def _show_lock(self, lock: LockIndicator, text: str, remedy: str = "") -> None:
        """The indicator and its words change as one: no view may see one state with another's words."""
        with self.hold_trait_notifications():
            self.lock_indicator, self.lock_indicator_text, self.lock_indicator_remedy = str(lock), text, remedy

    def _move(self, status: Status) -> None:
        """Change the status, and record it before anything follows from it.

        Raises:
            RunStateError: there is no way from this status to that one.
            ConfigurationError: it cannot be recorded. Only a run that has ended has then changed all the same.
        """
        if status not in NEXT.get(Status(self.status), frozenset()):
            raise RunStateError(f"A run that is {self.status} cannot become {status}.")
        try:
            self._audit.write("status", run=self.id, status=str(status), **facts_of(record_of(self)))
        except ConfigurationError as error:
            if not status.final:
                raise
            unrecorded: ConfigurationError | None = error
        else:
            unrecorded = None
        if status.final:
            # From here on nothing may be applied; `show -json` may still be reading it.
            if self._plan is not None and not self._plan.done():
                self._plan.add_done_callback(lambda _: self._files.drop_plan())
            else:
                self._files.drop_plan()
        self.status = str(status)
        if unrecorded is not None:  # what has ended has ended all the same
            raise ConfigurationError(unrecorded.problem, f"The run is {status} all the same. {unrecorded.remedy}")
        self._record()

    def _record(self) -> None:
        self._files.write(record_of(self))

    def __repr__(self) -> str:
        counts = self.counts
        shown = f" +{counts['add']} ~{counts['change']} -{counts['destroy']}" if counts else ""
        return f"<Run {self.id} of {self.environment}: {self.status}{shown}>"


def _from(base: Path, path: Path) -> str:
    """`path` as seen from `base`: what stays in a notebook need not say where this machine keeps it."""
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
