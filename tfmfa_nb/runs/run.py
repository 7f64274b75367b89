"""A run as notebooks and views see it: its traits change with the events that its driver reports.

`Run` depends on no widget and not on IPython. Its traits are plain values without secrets.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from enum import StrEnum
from threading import RLock
from typing import TYPE_CHECKING, Any

from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Float, HasTraits, Instance, Int, List, Unicode

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.comparison import Comparison
from tfmfa_nb.runs.driver import Driver
from tfmfa_nb.runs.events import Opened, RecordRead
from tfmfa_nb.runs.history.comparing import compare_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.runs.events import Event
    from tfmfa_nb.runs.options import Options
    from tfmfa_nb.runs.ports import Ports
    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.resource_applies import ResourceApplies, ResourceApply

_log = logging.getLogger(__name__)


class Run(HasTraits):
    """One run of an environment: a plan and, if confirmed, the apply of exactly that plan.

    Args:
        environment: environment of the run.
        options: options of the run.
        base: folder of the notebook, to which relative paths refer.
        record: record of an earlier run; None creates a new run.
        ports: Terraform, the environment's lock, and the clock.

    Attributes:
        driver: performs the run; the commands of `runs.engine` take it as an argument.
        bundle: makes what a notebook shows of the run; a run knows no view, so one line unless it is given another.
    """

    id = Unicode()
    environment = Unicode()
    workspace = Unicode(help="Terraform's workspace; empty before it is known.")
    folder = Unicode(help="Folder of the environment, relative to the notebook where possible.")
    phase = Unicode(str(Phase.PLAN), help="Current phase, or the last one.")
    command = Unicode(help="Command of Terraform's that the run is for; empty for a plan and its apply.")
    arguments: List[str] = List(help="What follows that command.")
    status = Unicode(str(Status.PENDING))
    step = Unicode(help="What is done now, in a few words; empty if there is nothing to tell.")
    level = Unicode(str(Level.NEVER))
    lock_indicator = Unicode(str(LockIndicator.OPEN), help="State of the lock indicator, which shows MFA.")
    lock_indicator_text = Unicode()
    lock_indicator_remedy = Unicode()
    authenticated_by = Unicode(help="IAM user that authenticated for the last phase.")
    authenticated_at = Float(help="Time of the authentication, in seconds since the epoch; 0 if none.")
    plan_sha256 = Unicode(help="Hash of the saved plan; checked before the apply.")
    identity = Dict(help="account, alias, user, arn, serial_number, region, source, endpoint")
    program = Dict(help="File of the program: path, sha256.")
    policy = Dict(help="Files of the organization policy in force: {path: sha256}.")
    roles: List[Any] = List(help="[{provider, place, hops: [{arn, state, message}]}]")
    counts = Dict(allow_none=True, default_value=None, help="add, change, destroy, imported")
    changes: List[Any] = List(help="[{address, action, reason, deposed}]")
    plan_known = Bool(default_value=False, help="Whether the plan is known as data, and compared.")
    comparison = Instance(Comparison, allow_none=True, help="The changes beside those of the run before.")
    failed_checks: List[Any] = List(help="[{name, place, message}]: `check` blocks that failed.")
    policy_checks: List[Any] = List(help="The results of the policy checks of the plan, of `CheckResult`.")
    progress = Dict(help="done, total, failed, version, current, slowest, ends_at (seconds since the epoch, or None)")
    waiting_for = Unicode(help="What the run waits for: code, confirmation, approval; empty if it does not wait.")
    needed_approvals = AnyTrait(None, help="`NeededApprovals` of the apply; None if the policy demands none.")
    question = Dict(help="Open question: kind, phase, text, attempt; empty if there is none.")
    notes: List[str] = List(help="Notes about the process environment and the configuration, one sentence each.")
    error = Unicode()
    error_remedy = Unicode()
    error_documents: List[Any] = List(help="[{title, text}]: what to paste to fix the error.")
    log_lines = Int()
    log_start = Int(help="First line of the phase in the log.")
    log_path = Unicode(help="Log file, relative to the notebook where possible; empty for a refused start.")
    started_at = Float(help="Seconds since the epoch; 0 before the start.")
    ended_at = Float(help="Seconds since the epoch; 0 while the phase runs.")
    waited = Float(help="Seconds of the phase in which it waited for a person.")
    canceling = Bool(default_value=False)
    product = Unicode(help="Program and version: terraform 1.11.4.")

    def __init__(
        self,
        environment: Environment,
        options: Options,
        base: Path,
        record: RunRecord | None = None,
        *,
        ports: Ports | None = None,
    ) -> None:
        super().__init__()
        self.bundle: Callable[[], Mapping[str, str]] = lambda: {"text/plain": repr(self)}
        self._work: asyncio.Task[None] | None = None
        self._applying = RLock()  # events come from several threads; traitlets can hold notifications for only one
        self.driver = Driver(environment, options, base, record, listen=self.apply, ports=ports)
        self.apply(RecordRead(self.driver.record))
        self.apply(Opened(_relative_to(base, environment.folder), _relative_to(base, self.driver.store.files.log)))

    def apply(self, event: Event) -> None:
        """Apply `event`; the only place where a trait changes.

        All changes of an event take effect at once, so no view sees only some of them.
        """
        with self._applying, self.hold_trait_notifications():
            for name, value in event.facts().items():
                if self.has_trait(name):
                    setattr(self, name, _plain(value))

    def notify_change(self, change: Any) -> None:
        """Notify the observers; an error in a view must not stop the run."""
        try:
            super().notify_change(change)
        except Exception as error:  # noqa: BLE001 - any error of a view
            _log.warning("A view of %s failed: %s", self.id, type(error).__name__)

    @property
    def plan(self) -> Plan:
        """The plan as data; waits for `terraform show -json`, which takes about two seconds after the plan.

        Raises:
            RunStateError: there is no plan.
            TerraformFailed: Terraform cannot show the plan.
        """
        if self.driver.plan is None:
            raise RunStateError(f"The run is {self.status}: there is no plan.", "Run %tfplan first.")
        return self.driver.plan.result()

    @property
    def known_plan(self) -> Plan | None:
        """The plan as data; None as long as `plan` would wait, or raise an error."""
        return self.driver.known_plan

    def goes_on(self, work: asyncio.Task[None]) -> None:
        """Set what goes on with the run after the end of its cell (`--wait`)."""
        self._work = work

    def after_work(self, do: Callable[[], None]) -> None:
        """Call `do` when that has ended; at once if there is none."""
        if self._work is None or self._work.done():
            do()
        else:
            self._work.add_done_callback(lambda _: do())

    async def wait(self) -> Run:
        """Wait until what its cell began has ended, also where that cell ended before (`--wait`).

        The run goes on if this is canceled.

        Returns:
            The run.

        Raises:
            TfmfaError: what stopped the run.
        """
        if self._work is not None:
            await asyncio.shield(self._work)
        return self

    async def wait_for_changes(self) -> None:
        """Wait until `changes` is known, or cannot be."""
        await self.driver.wait_for_plan()

    def compare(self, earlier: str = "") -> Comparison:
        """The changes of the plan beside those of the plan of an earlier run in the same workspace; `print` it.

        Args:
            earlier: ID of the run, or a unique part of it; "" for the newest one before this run that has a plan.

        Raises:
            RunStateError: this run has no plan, there is no such run, it is not an earlier one in this workspace, or
                its plan is not known.
            TerraformFailed: Terraform cannot show this run's plan.
        """
        _ = self.plan  # what is compared is saved before it is known
        return compare_runs(self.driver.environment, self.id, earlier)

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs that the apply reported, name to value; a sensitive one is "(sensitive)".

        Numbers keep all their digits: a whole one is an `int`, another one a `float`, or a `decimal.Decimal` where a
        `float` would lose digits.
        """
        return dict(self.driver.outputs)

    @property
    def applies(self) -> ResourceApplies:
        """What the apply does to the resources, as it goes on."""
        return self.driver.store.apply_events.progress.resources

    @property
    def resource_applies(self) -> tuple[ResourceApply, ...]:
        """What the apply does, or did, to each resource: its state, when it began and ended, and its errors.

        In the order in which Terraform announces the changes; a replacement is a delete and a create. Empty before the
        apply. The values are no more than the log has: nothing in them is secret.
        """
        return tuple(self.applies)

    @property
    def seconds(self) -> float:
        """Duration of the last phase, or of the current one so far."""
        # The clock may have been set back.
        return max(0.0, (self.ended_at or time.time()) - self.started_at) if self.started_at else 0.0

    @property
    def log_file(self) -> Path:
        """Absolute path of the full log, which contains no secrets."""
        return self.driver.store.files.log.absolute()

    def log_text(self, start: int = 0, stop: int | None = None) -> list[str]:
        """Lines of the log, without secrets and with their colors."""
        log = self.driver.store.log
        return log.lines(start, log.refresh() if stop is None else stop)

    def cancel(self) -> None:
        """Stop gracefully: Terraform gets one interrupt and saves what it has finished; an open prompt closes."""
        self.driver.cancel()

    def kill(self) -> None:
        """Kill Terraform; resources that it is changing may be missing from the state.

        Raises:
            RunStateError: the run was not canceled first.
        """
        self.driver.kill()

    def discard(self) -> None:
        """Discard the plan, and delete it.

        Raises:
            RunStateError: there is no plan to discard.
        """
        self.driver.discard()

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        """What a notebook shows of it."""
        return self.bundle()

    def _ipython_display_(self) -> None:
        """Show it, except where it is shown already: a mimebundle could not leave out the text."""
        from IPython.display import display  # noqa: PLC0415 - IPython calls this

        if bundle := self.bundle():
            display(dict(bundle), raw=True)

    def __repr__(self) -> str:
        counts = self.counts
        changes = f" +{counts['add']} ~{counts['change']} -{counts['destroy']}" if counts else ""
        place = self.environment if self.workspace in {"", "default"} else f"{self.environment}, {self.workspace}"
        article = "an" if self.waiting_for == "approval" else "a"
        waiting = f", waiting for {article} {self.waiting_for}" if self.waiting_for else ""
        command = " ".join([self.command, *self.arguments, ""]) if self.command else ""
        return f"<Run {self.id} of {place}: {command}{self.status}{changes}{waiting}>"


def _plain(value: Any) -> Any:
    """`value` as a trait holds it: plain strings, dictionaries, and lists."""
    match value:
        case StrEnum():
            return str(value)
        case str():
            return value
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return value


def _relative_to(base: Path, path: Path) -> str:
    """`path` relative to `base` where possible, so that a notebook does not reveal the machine's folders."""
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
