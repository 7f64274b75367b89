"""The driver of a run: holds the run's record, saves each status before anything depends on it, and reports events.

The commands of `runs.engine` and the MFA gate act through a driver; `runs.run.Run` applies the events that it reports.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
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
    PersonAnswered,
    PlanCompared,
    ProcessChanged,
    StartRefused,
    StatusChanged,
    StepStarted,
    WaitStarted,
)
from tfmfa_nb.runs.ports import Ports
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.inspected_files import Inspected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.lock_indicator import LockIndicator
    from tfmfa_nb.runs.events import Event
    from tfmfa_nb.runs.options import Options
    from tfmfa_nb.runs.ports import Process
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.role_chains import Findings

_LAST_LINES = 200  # of the log, in which a note is looked for
_showing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tfmfa-show")


class Driver:
    """Drives one run.

    Args:
        environment: environment of the run.
        options: options of the run.
        base: folder of the notebook, to which relative paths refer.
        record: record of an earlier run; None creates a new run with a folder of its own.
        listen: called with each event, on any thread.
        ports: Terraform, the environment's lock, and the clock.

    Attributes:
        record: durable state of the run; changed by `tell`, written by `move` and `save`.
        store: files of the run.
        findings: roles and bypasses in the configuration; None before it is inspected.
        default_account: account of the credentials that Terraform finds by itself, where the policy asks about it; ""
            if it is not known.
        inspected: everything that the last inspection rests on; empty before it.
        canceling: True after a person has canceled the run.
        code_given: True after a code was given for the run.
        refused: True if the start was refused, so that this is no run.
        plan: the plan as data, available when `terraform show -json` ends; None before there is a plan.
        outputs: outputs that the apply reported.
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
        self._planned = options
        self.ports = ports or Ports()
        self._listen, self._telling = listen, Lock()
        if record is None:
            self.store = RunStore.create(environment)
            record = RunRecord(
                self.store.id,
                environment.name,
                lock_timeout=options.lock_timeout,
                requested_by=options.requested_by,
                fleet=options.fleet,
            )
            if (call := options.call) is not None:
                record = replace(record, phase=call.kind.phase, command=call.command, arguments=call.said)
        else:
            self.store = RunStore(environment, record.id)
        self.record = record
        self.findings: Findings | None = None
        self.default_account = ""
        self.inspected = Inspected()
        self._configuration: Configuration | None = None
        self.roles: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.canceling = self.code_given = self.refused = False
        self.plan: Future[Plan] | None = None
        self.outputs: dict[str, Any] = {}
        self._process: Process | None = None

    def read_configuration(self, executable: Executable, environ: Mapping[str, str]) -> Configuration:
        """The configuration as it is now. Files that have not changed since the last call are not parsed again.

        Args:
            executable: the Terraform that will read it.
            environ: for `TF_DATA_DIR`.
        """
        parsed = self._configuration.parsed if self._configuration else {}
        product, version = executable.product, executable.version
        self._configuration = Configuration(self.environment.folder, product, environ, parsed, version)
        return self._configuration

    def tell(self, event: Event) -> None:
        """Update the record with `event`, then report the event."""
        with self._telling:  # events come on several threads
            self.record = self.record.after(event.facts())
        self._listen(event)

    def move(self, status: Status) -> None:
        """Change the status, after the audit trail has recorded it.

        Raises:
            RunStateError: the status cannot follow the present one.
            ConfigurationError: the status cannot be recorded. Only a final status is set nevertheless.
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
            # The values of variables were for the apply, and a saved plan has the others in it.
            self.options, self._planned = (replace(each, variables=()) for each in (self.options, self._planned))
        self.tell(StatusChanged(status))
        try:
            self.save()
        except ConfigurationError as error:
            if not status.final:
                raise
            unrecorded = unrecorded or error
            self.store.release()  # it does not wait any more, whatever its folder says
        if unrecorded is not None:  # the run has ended nevertheless
            remedy = unrecorded.remedy.removeprefix("Nothing was changed. ")  # else, to the record
            raise ConfigurationError(unrecorded.problem, f"The run is {status} nevertheless. {remedy}")

    def refuse(self, status: Status, reason: str, *, is_evidence: bool) -> None:
        """End a start that was refused before anything ran: nothing of it stays but its lines in the audit trail.

        Args:
            status: final status, for the views.
            reason: why it was refused, in a sentence.
            is_evidence: True if the trail must have this refusal. It also has one that follows an earlier line.

        Raises:
            ConfigurationError: the trail cannot be written, or the folder cannot be deleted.
        """
        self.refused = True
        try:
            if is_evidence or self.store.in_trail:
                self.store.record_status(replace(self.record, status=status), reason=reason)
        finally:
            try:
                self.store.remove()
            finally:
                self.tell(StartRefused(status))

    def save(self) -> None:
        """Write the record.

        Raises:
            ConfigurationError: the record cannot be written.
        """
        self.store.save(self.record)

    # Messages for a person

    def show_indicator(self, state: LockIndicator, text: str, remedy: str = "") -> None:
        """Change the lock indicator and its text."""
        self.tell(IndicatorChanged(state, text, remedy))

    def begin(self, step: str) -> None:
        """Show what is done now: "Running terraform plan"; "" when it is done."""
        self.tell(StepStarted(step))

    def note(self, sentence: str) -> None:
        """Show a note on the card and in the log, once: another kernel may have written it there already."""
        if sentence in self.notes:
            return
        self.notes.append(sentence)
        self.tell(Noted(list(self.notes)))
        log = self.store.log
        end = log.refresh()
        if sentence not in log.lines(max(self.record.log_start, end - _LAST_LINES), end):
            self.log(sentence)

    def log(self, text: str) -> None:
        """Append lines to the log, and report them at once."""
        self.store.log.append(text + "\n")
        self.look_at_log()

    def look_at_log(self) -> None:
        """Report the number of lines in the log."""
        self.tell(LogGrew(self.store.log.refresh()))

    # Terraform's process

    @property
    def process(self) -> Process | None:
        """Terraform's supervisor while it runs."""
        return self._process

    def attach(self, process: Process | None) -> None:
        """Set Terraform's process; None after its end. If the run has been canceled, the process is interrupted."""
        self._process = process
        self.tell(ProcessChanged(ProcessMark(process.pid, process.started) if process else None))
        if process is not None and self.canceling:
            process.interrupt()

    def cancel(self) -> None:
        """Stop gracefully: Terraform gets one interrupt and saves what it has finished."""
        self.request_cancel()
        if self._process is not None:
            self._process.interrupt()

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """The time in which a person is waited for; the phase's duration tells it apart.

        Args:
            what: "code" or "confirmation".
        """
        start = self.ports.clock()
        self.tell(WaitStarted(what))
        try:
            yield
        finally:
            self.tell(PersonAnswered(self.record.waited + max(0.0, self.ports.clock() - start)))

    def request_cancel(self) -> None:
        """Record that a person has canceled the run."""
        self.canceling = True
        self.tell(CancelRequested())

    def kill(self) -> None:
        """Kill Terraform; resources that it is changing may be missing from the state.

        Raises:
            RunStateError: the run was not canceled first.
            ConfigurationError: the audit trail does not have it. Terraform is killed nevertheless.
        """
        if not self.canceling:
            raise RunStateError("The run has not been canceled.", "Cancel it first, and give it time to stop.")
        if self._process is not None:
            try:
                self.store.audit("killed")
            finally:  # a sink that does not answer must not keep Terraform running
                self._process.kill()

    # The plan

    def show_plan(self, executable: Executable, environ: Mapping[str, str]) -> Future[Plan]:
        """Read the saved plan in the background and set `plan`; report its changes when they are known.

        Args:
            executable: Terraform or OpenTofu, which takes two seconds to load the schema of the AWS provider.
            environ: process environment; its credentials are not passed on.

        Raises:
            RunStateError: the saved plan no longer exists.
        """
        show, opened = self.ports.terraform.show, self.store.open_plan()  # the next run deletes its file
        configuration = self.read_configuration(executable, environ)
        variables = self.options.early_variables(self.base, executable)

        def read() -> Plan:
            with opened:
                plan = show(executable, opened, configuration, environ, variables)
            if not self.store.files.changes.exists():
                self.store.save_changes(plan)
            return plan

        self.plan = _showing.submit(read)
        self.plan.add_done_callback(self._tell_changes)
        return self.plan

    async def read_plan(self, executable: Executable, environ: Mapping[str, str]) -> Plan:
        """The saved plan as data, with its providers; waits for `terraform show -json`.

        Args:
            executable: Terraform or OpenTofu.
            environ: process environment; its credentials are not passed on.

        Raises:
            TerraformFailed: Terraform could not show the plan.
            RunStateError: the saved plan no longer exists.
        """
        plan = self.plan
        if plan is None or (plan.done() and (plan.exception() or plan.result().providers is None)):
            plan = self.show_plan(executable, environ)  # only the changes were saved, or an earlier attempt failed
        return await asyncio.shield(asyncio.wrap_future(plan))

    def restore_changes(self) -> None:
        """Restore the changes that were saved beside the record; without them, `plan` raises an error."""
        self.plan = Future()
        try:
            plan = self.store.load_changes()
        except RunStateError as error:
            self.plan.set_exception(error)
            return
        self.plan.set_result(plan)
        self._tell_plan(plan)

    async def wait_for_plan(self) -> None:
        """Wait until the plan is known as data, or cannot be."""
        if self.plan is not None:
            await asyncio.wait({asyncio.wrap_future(self.plan)})

    def known_changes(self) -> list[Mapping[str, str]]:
        """The changes of the plan, as views show them; empty while, or where, they are not known."""
        plan = self.known_plan
        return _changes_of(plan) if plan is not None else []

    @property
    def known_plan(self) -> Plan | None:
        """The plan as data; None as long as one would wait for it, and where it cannot be read."""
        plan = self.plan
        known = plan is not None and plan.done() and not plan.cancelled() and plan.exception() is None
        return plan.result() if known and plan is not None else None

    def adjust(self, options: Options) -> None:
        """Apply the options that an apply can still have, for this apply only.

        Those are the lock timeout, a stricter level, the parallelism, the workspace, which must be the plan's, and the
        values of variables that a saved plan does not contain.
        """
        planned, level = self._planned.initialized(), Level.strictest(self.options.level, options.level)
        self.options = replace(
            planned,
            level=level,
            lock_timeout=options.lock_timeout,
            parallelism=options.parallelism or planned.parallelism,
            workspace=options.workspace or planned.workspace,
            variables=(*planned.variables, *options.variables),
        )
        self.tell(LockTimeoutChanged(options.lock_timeout))
        self.tell(LevelChanged(Level.strictest(self.record.level, level)))

    def discard(self) -> None:
        """Discard the plan, and delete it. If another kernel has done that, this one learns of it.

        Raises:
            RunStateError: there is no plan to discard, or another kernel has gone on with the run.
        """
        status = self.record.status
        if status is Status.PLANNED:
            status = self.store.load().status
            if status is Status.DISCARDED:
                self._drop_plan()
                self.tell(StatusChanged(status))
                return
        if status is not Status.PLANNED:
            raise RunStateError(f"The run is {status}.", "Only a planned run can be discarded.")
        self.move(Status.DISCARDED)

    def _tell_changes(self, plan: Future[Plan]) -> None:
        """Report the changes. If the plan could not be read, whoever waits for `plan` gets the error."""
        if not plan.cancelled() and plan.exception() is None:
            self._tell_plan(plan.result())

    def _tell_plan(self, plan: Plan) -> None:
        """Report the plan at once; what reads the files of earlier runs comes after it."""
        self.tell(ChangesKnown(_changes_of(plan)))
        self.tell(PlanCompared(self.store.compare(self.record.workspace)))

    def _drop_plan(self) -> None:
        """Delete the saved plan, after `show -json` has read it."""
        if self.plan is not None and not self.plan.done():
            self.plan.add_done_callback(lambda _: self.store.drop_plan())
        else:
            self.store.drop_plan()


def _changes_of(plan: Plan) -> list[Mapping[str, str]]:
    """The changes of a plan, in the form that views show."""
    return [
        {"address": each.address, "action": each.action, "reason": each.reason, "deposed": each.deposed}
        for each in plan.changes
    ]
