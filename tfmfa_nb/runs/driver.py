"""The driver of a run: it keeps the run's record, writes it before anything follows from it, and tells each event.

The commands of `runs.engine` move a driver; the gate tells through it; `runs.run.Run` shows what it tells.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import NEXT, Status
from tfmfa_nb.protocol.records import ProcessMark, RunRecord
from tfmfa_nb.runs.events import (
    CancelRequested,
    ChangesKnown,
    IndicatorChanged,
    LevelChanged,
    LockTimeoutChanged,
    LogGrew,
    Noted,
    ProcessChanged,
    StatusChanged,
)
from tfmfa_nb.runs.ports import Ports
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.credentials import child_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.lock_indicator import LockIndicator
    from tfmfa_nb.runs.events import Event
    from tfmfa_nb.runs.options import Options
    from tfmfa_nb.runs.ports import Process
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.role_chains import Findings

_showing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tfmfa-show")


class Driver:
    """Drives one run.

    Args:
        environment: where the run happens.
        options: what the person said about it.
        base: the notebook's folder, which relative paths start from.
        record: an earlier run; a new one, with a folder of its own, where it is None.
        listen: called with each event, on whatever thread it happens.
        ports: the world outside.

    Attributes:
        record: the durable truth; written by `move`, `save` and `attach`.
        store: the run's files.
        findings: what the configuration says about roles and credentials; None before it was inspected.
        canceling: whether a person wants the run to stop.
        plan: the plan as data, once `terraform show -json` is done; None before there is a plan.
        outputs: what the apply reported.
    """

    def __init__(
        self,
        environment: Environment,
        options: Options,
        base: Path,
        record: RunRecord | None = None,
        *,
        listen: Callable[[Event], None] = lambda _: None,
        ports: Ports | None = None,
    ) -> None:
        self.environment, self.options, self.base = environment, options, base
        self.ports = ports or Ports()
        self._listen, self._telling = listen, Lock()
        if record is None:
            self.store = RunStore.create(environment)
            record = RunRecord(self.store.id, environment.name, lock_timeout=options.lock_timeout)
        else:
            self.store = RunStore(environment, record.id)
        self.record = record
        self.findings: Findings | None = None
        self._configuration: Configuration | None = None
        self.roles: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.canceling = False
        self.plan: Future[Plan] | None = None
        self.outputs: dict[str, Any] = {}
        self._process: Process | None = None

    def read_configuration(self, product: str, environ: Mapping[str, str]) -> Configuration:
        """The configuration as it is now. Files that have not changed since the last call are not parsed again.

        Args:
            product: "terraform" or "tofu".
            environ: for `TF_DATA_DIR`.
        """
        parsed = self._configuration.parsed if self._configuration else {}
        self._configuration = Configuration(self.environment.folder, product, environ, parsed)
        return self._configuration

    def tell(self, event: Event) -> None:
        """Let the record follow `event`, then tell it."""
        with self._telling:  # events come on several threads
            self.record = self.record.after(event.facts())
        self._listen(event)

    def move(self, status: Status) -> None:
        """Change the status, and record it before anything follows from it.

        Raises:
            RunStateError: there is no way from this status to that one.
            ConfigurationError: it cannot be recorded. Only a run that has ended has then changed all the same.
        """
        if status not in NEXT.get(self.record.status, frozenset()):
            raise RunStateError(f"A run that is {self.record.status} cannot become {status}.")
        unrecorded: ConfigurationError | None = None
        try:
            self.store.record_status(replace(self.record, status=status))
        except ConfigurationError as error:
            if not status.final:
                raise
            unrecorded = error
        if status.final:
            self._drop_plan()
        self.tell(StatusChanged(status))
        if unrecorded is not None:  # what has ended has ended all the same
            raise ConfigurationError(unrecorded.problem, f"The run is {status} all the same. {unrecorded.remedy}")
        self.save()

    def save(self) -> None:
        """Write the record.

        Raises:
            ConfigurationError: it cannot be written.
        """
        self.store.save(self.record)

    # Words for a person

    def show_indicator(self, state: LockIndicator, text: str, remedy: str = "") -> None:
        """Change the lock indicator and its words."""
        self.tell(IndicatorChanged(state, text, remedy))

    def note(self, sentence: str) -> None:
        """Say something about the surroundings, once, on the card and in the log."""
        if sentence in self.notes:
            return
        self.notes.append(sentence)
        self.tell(Noted(list(self.notes)))
        self.log(sentence)

    def log(self, text: str) -> None:
        """Add lines to the log, and have them seen now, while something is waited for."""
        self.store.log.append(text + "\n")
        self.look_at_log()

    def look_at_log(self) -> None:
        """Tell how many lines the log has."""
        self.tell(LogGrew(self.store.log.refresh()))

    # Terraform's process

    @property
    def process(self) -> Process | None:
        """Terraform's supervisor while it runs."""
        return self._process

    def attach(self, process: Process | None) -> None:
        """Drive this process from here on; one that was canceled meanwhile is interrupted."""
        self._process = process
        self.tell(ProcessChanged(ProcessMark(process.pid, process.started) if process else None))
        if process is not None and self.canceling:
            process.interrupt()

    def cancel(self) -> None:
        """Stop gracefully: one interrupt to Terraform, which saves what is finished; or leave the prompt."""
        self.request_cancel()
        if self._process is not None:
            self._process.interrupt()

    def request_cancel(self) -> None:
        """Note that a person wants the run to stop."""
        self.canceling = True
        self.tell(CancelRequested())

    def kill(self) -> None:
        """Stop by force; resources in flight may be lost from the state.

        Raises:
            RunStateError: the run was not canceled first.
        """
        if not self.canceling:
            raise RunStateError("The run was not canceled yet.", "Cancel it first, and give it time.")
        if self._process is not None:
            self.store.audit("killed")
            self._process.kill()

    # The plan

    def show_plan(self, executable: Executable, environ: Mapping[str, str]) -> None:
        """Read the saved plan in the background; `plan` waits for it, and its changes are told when it is there.

        Args:
            executable: the program; the schema of the real provider alone takes it two seconds to load.
            environ: the process environment, whose credentials it does not get.
        """
        show, plan_file, folder = self.ports.terraform.show, self.store.files.plan, self.environment.folder
        without_credentials, _ = child_environ(environ, credentials=False)
        self.plan = _showing.submit(lambda: show(executable, plan_file, folder, without_credentials))
        self.plan.add_done_callback(self._tell_changes)

    def restore_changes(self) -> None:
        """The changes that were kept beside the record; where there are none, asking for the plan says so."""
        self.plan = Future()
        try:
            kept = self.store.load_changes()
        except RunStateError as error:
            self.plan.set_exception(error)
            return
        self.plan.set_result(kept)
        self.tell(ChangesKnown(_changes_of(kept)))

    def adjust(self, options: Options) -> None:
        """Take what an apply may still say: how long to wait for locks, and a stricter level."""
        level = Level.strictest(self.options.level, options.level)
        self.options = replace(self.options, level=level, lock_timeout=options.lock_timeout)
        self.tell(LockTimeoutChanged(options.lock_timeout))
        self.tell(LevelChanged(Level.strictest(self.record.level, level)))

    def discard(self) -> None:
        """Discard the plan, and delete it.

        Raises:
            RunStateError: there is no plan to discard, or another kernel has gone on with the run.
        """
        status = self.record.status
        if status is Status.PLANNED:
            status = self.store.load().status
        if status is not Status.PLANNED:
            raise RunStateError(f"The run is {status}.", "Only a planned run can be discarded.")
        self.move(Status.DISCARDED)

    def _tell_changes(self, shown: Future[Plan]) -> None:
        """A plan that could not be shown says so where it is asked for."""
        if not shown.cancelled() and shown.exception() is None:
            if not self.store.files.changes.exists():
                self.store.save_changes(shown.result())
            self.tell(ChangesKnown(_changes_of(shown.result())))

    def _drop_plan(self) -> None:
        """From here on nothing may be applied; `show -json` may still be reading it."""
        if self.plan is not None and not self.plan.done():
            self.plan.add_done_callback(lambda _: self.store.drop_plan())
        else:
            self.store.drop_plan()


def _changes_of(plan: Plan) -> list[Mapping[str, str]]:
    """The changes of a plan, as the views show them."""
    return [{"address": each.address, "action": each.action} for each in plan.changes]
