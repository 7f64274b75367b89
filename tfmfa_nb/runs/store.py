"""A run on disk: its folder (record, log, events, saved plan) and its lines in the audit trail.

Other modules access them only through `RunStore`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import secrets
import shutil
import time
import weakref
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, BinaryIO

from traitlets import TraitError

from tfmfa_nb.environments.atomic_files import one_at_a_time, private_folder, usable, write_whole
from tfmfa_nb.model.errors import RunStateError, TfmfaError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.protocol.layout import RUN_ID, plan_folders, plan_prefix
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.comparison import Comparison, EarlierPlan, PlannedChange, compare
from tfmfa_nb.runs.run_ids import run_ids, second_of, started_at
from tfmfa_nb.terraform.apply_progress import ApplyEvents
from tfmfa_nb.terraform.change_digests import change_digest, output_changes, subject_of
from tfmfa_nb.terraform.log import RunLog
from tfmfa_nb.terraform.plan import Counts, Plan, parse_summary
from tfmfa_nb.terraform.scratch import remove_left_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy

_LARGEST = 1 << 22  # bytes; a record with a thousand roles has a tenth of that
_AGAIN = "Plan again with %tfplan."
_SUMMARY_LINES = 200  # at the end of the log; outputs and warnings may follow the plan's counts
_KEPT_SECONDS = 7 * 86_400  # of a saved plan
_KEY_SIZE = 32  # bytes, as many as SHA-256 gives
_DEFAULT = "default"  # Terraform's workspace where none is selected


class RunStore:
    """The files of one run.

    Args:
        environment: environment of the run.
        run_id: ID of the run. Nothing is created.

    Attributes:
        log: Terraform's output and the run's notes.
        apply_events: what Terraform said of its apply, as far as it was read.
        trail: the environment's audit trail.
        in_trail: True after a line about the run was written to the trail.
    """

    def __init__(self, environment: Environment, run_id: str) -> None:
        self.id = run_id
        self.files = environment.files.run(run_id)
        self._environment, self._runs = environment, environment.files.runs
        self.log = RunLog(self.files.log)
        self.apply_events = ApplyEvents(self.files.apply_events)
        self.trail = AuditTrail(environment.files.audit_trail)
        self.in_trail = False
        self._remove_environment: Callable[[], None] = lambda: None
        self._release: Callable[[], object] = lambda: None

    @classmethod
    def create(cls, environment: Environment) -> RunStore:
        """The store of a new run, with its folder.

        Raises:
            ConfigurationError: the folder cannot be created.
        """
        store = cls(environment, f"run-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}")
        store._remove_environment = environment.ensure()
        private_folder(environment.files.runs)
        private_folder(store.files.folder)
        private_folder(store.files.plan.parent)
        store._hold()
        drop_old_plans()
        remove_left_folders()
        return store

    def _hold(self) -> None:
        """Hold the lock of a pending run until it has a record, or is removed; it ends with this kernel."""
        with usable(self.files.pending):
            fd = os.open(self.files.pending, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            self._release = weakref.finalize(self, os.close, fd)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Release the lock of a pending run: from now on, it is not pending in this kernel."""
        self._release()

    def under(self, policy: Policy) -> None:
        """Write each line about the run as `policy` demands.

        Raises:
            ConfigurationError: the policy names a file that cannot be found.
        """
        self.trail.rules = policy.audit

    def remove(self) -> None:
        """Delete the run's folder and its saved plan. The lines of the log stay in memory, for the run's views.

        Raises:
            ConfigurationError: the folder cannot be deleted.
        """
        self.release()
        self.log.detach()
        self.drop_plan()
        with usable(self.files.folder), suppress(FileNotFoundError):
            shutil.rmtree(self.files.folder)

    @contextmanager
    def kept_if_used(self) -> Iterator[None]:
        """At the end, remove the folders that were created for this run, if nothing is in them."""
        try:
            yield
        finally:
            with suppress(OSError):
                self._runs.rmdir()
            self._remove_environment()

    # The record and the audit trail

    def save(self, record: RunRecord) -> None:
        """Save `record` for other kernels.

        Raises:
            ConfigurationError: the record cannot be written.
        """
        write_whole(self.files.record, json.dumps(record.to_json(), indent=2) + "\n")
        self.files.pending.unlink(missing_ok=True)
        self.release()

    def load(self) -> RunRecord:
        """The record.

        Raises:
            RunStateError: the record is missing or not valid.
            FormatError: the format version of the record is not supported.
        """
        path = self.files.record
        with valid(self.id):
            # An id is the name of a folder too: neither may lead to another one.
            if not RUN_ID.fullmatch(self.id):
                raise ValueError("not the id of a run")
            try:
                if path.stat().st_size > _LARGEST:
                    raise ValueError("too large")
                text = path.read_text(encoding="utf-8")
            except OSError as error:
                raise RunStateError(
                    f"The record of {self.id} cannot be read: {path}: {error.strerror}.", "Plan again with %tfplan."
                ) from None
            record = RunRecord.from_json(json.loads(text), path)
            if record.id != self.id:
                raise ValueError("the record of another run")
            return record

    def record_status(self, record: RunRecord, **facts: Any) -> None:
        """Write the status of `record` to the audit trail, with the facts that the record is later checked against.

        Raises:
            ConfigurationError: the line cannot be written.
        """
        self.audit("status", status=str(record.status), **record.audited(), **facts)

    def audit(self, event: str, **facts: Any) -> None:
        """Write a line about this run to the audit trail.

        Raises:
            ConfigurationError: the line cannot be written.
        """
        self.in_trail = True  # also if no sink receives it
        self.trail.write(event, run=self.id, **facts)

    # The saved plan

    def seal_plan(self) -> str:
        """The SHA-256 of the saved plan, which is checked before the apply; the file's mode becomes 0600."""
        self.files.plan.chmod(0o600)
        return self._plan_digest()

    def check_plan(self, digest: str) -> None:
        """Make sure that the saved plan is the one that was shown.

        Raises:
            RunStateError: the plan is missing, or its content has changed.
        """
        if not self.files.plan.is_file():
            raise RunStateError("The saved plan no longer exists.", _AGAIN)
        if self._plan_digest() != digest:
            raise self._other_plan()

    def read_plan(self, digest: str) -> bytes:
        """The saved plan that was shown: what is returned is what was compared, whatever the file becomes.

        Raises:
            RunStateError: the plan is missing, or its content has changed.
        """
        with self.open_plan() as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != digest:
            raise self._other_plan()
        return content

    def _other_plan(self) -> RunStateError:
        return RunStateError(
            f"The saved plan {self.files.plan} is not the one that was shown: its content has changed.",
            "Do not apply it. Find out who changed it, and plan again.",
        )

    def open_plan(self) -> BinaryIO:
        """The saved plan, to be read also after it was deleted.

        Raises:
            RunStateError: it no longer exists.
        """
        try:
            return self.files.plan.open("rb")
        except OSError:
            raise RunStateError("The saved plan no longer exists.", _AGAIN) from None

    def drop_plan(self) -> None:
        """Delete the saved plan, which contains sensitive values in plain text."""
        with suppress(FileNotFoundError):
            self.files.plan.unlink()

    def drop_other_plans(self) -> None:
        """Delete the saved plans of other runs. The caller must hold the environment's lock."""
        for plan in self._other_plans():
            plan.unlink(missing_ok=True)

    def others_with_plans(self) -> list[str]:
        """The IDs of the other runs of the environment whose saved plans exist, newest first."""
        found = (RUN_ID.search(f"{plan.parent.name}/{plan.name}") for plan in self._other_plans())
        return sorted({match[0] for match in found if match}, reverse=True)

    def _other_plans(self) -> list[Path]:
        mine, prefix = self.files.plan, plan_prefix(self._runs)
        in_memory = (plan for folder in plan_folders() for plan in folder.glob(f"{prefix}*.tfplan"))
        return [plan for plan in (*in_memory, *self._runs.glob("*/plan.tfplan")) if plan != mine]

    @property
    def has_plan(self) -> bool:
        """True if the saved plan exists."""
        return self.files.plan.is_file()

    def _plan_digest(self) -> str:
        with self.files.plan.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    # The results of the plan and the apply

    def counts(self, log_start: int) -> Counts:
        """The counts of the plan whose log starts at this line, from Terraform's summary line."""
        end = self.log.refresh()
        lines = self.log.lines(max(log_start, end - _SUMMARY_LINES), end)
        return parse_summary("\n".join(lines)) or Counts()

    def save_changes(self, plan: Plan) -> None:
        """Save the changes of `plan` for later kernels and runs. Errors are ignored, as on a full disk.

        A keyed digest stands for the values of each change; the key stays in the environment's private folder.
        """
        document = plan.without_values()
        with suppress(TfmfaError, OSError):
            key = self._digest_key()
            changes = {subject_of(one): [one.action, change_digest(one, key)] for one in plan.changes}
            document["digests"] = {**changes, **output_changes(plan, key)}
            write_whole(self.files.changes, json.dumps(document) + "\n")

    def load_changes(self) -> Plan:
        """The plan's changes, without values.

        Raises:
            RunStateError: the changes were not saved.
        """
        try:
            return Plan(json.loads(self.files.changes.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            raise RunStateError(f"The changes of {self.id} were not saved.") from None

    def earlier(self) -> Iterator[RunStore]:
        """The runs of the environment that were started before this one, newest first."""
        # An ID begins with the time.
        return (RunStore(self._environment, run_id) for run_id in run_ids(self._environment) if run_id < self.id)

    @property
    def apply_events_size(self) -> int:
        """How many bytes Terraform said of the apply; 0 if there was none."""
        try:
            return self.files.apply_events.stat().st_size
        except OSError:
            return 0

    def compare(self, workspace: str, run_id: str = "") -> Comparison | None:
        """The changes of the plan beside those of an earlier run's plan in the same workspace of Terraform's.

        Args:
            workspace: that of the run.
            run_id: ID of the earlier run; "" for the newest one that has a plan.

        Returns:
            None if there is no such run, or if the changes of one of the two plans are not known.
        """
        changes = self.planned_changes()
        return None if changes is None else compare(changes, self._earlier(workspace or _DEFAULT), run_id)

    def _earlier(self, workspace: str) -> Iterator[EarlierPlan]:
        """The plans of earlier runs, newest first."""
        mine, files = second_of(self.id), self._environment.files
        before = (run_id for run_id in run_ids(self._environment) if second_of(run_id) <= mine)
        with_changes = (run_id for run_id in before if files.run(run_id).changes.is_file())
        for second, of_one_second in groupby(with_changes, second_of):
            stores = [RunStore(self._environment, run_id) for run_id in of_one_second]
            if second == mine:
                stores = [store for store in stores if store.known_at < self.known_at]
            yield from self._readable(sorted(stores, key=lambda store: store.known_at, reverse=True), workspace)

    @staticmethod
    def _readable(stores: Sequence[RunStore], workspace: str) -> Iterator[EarlierPlan]:
        """The plans of these runs in a workspace, as far as they can be read."""
        for store in stores:
            try:
                record = store.load()
            except TfmfaError:
                continue  # what is not readable is not compared with
            if (record.workspace or _DEFAULT) == workspace and (changes := store.planned_changes()) is not None:
                yield EarlierPlan(store.id, started_at(store.id), record.status is Status.APPLIED, changes)

    @property
    def known_at(self) -> tuple[float, int]:
        """When the run was started, and to order those of one second, when its changes were saved."""
        try:
            return started_at(self.id), self.files.changes.stat().st_mtime_ns
        except OSError:
            return started_at(self.id), 0

    def planned_changes(self) -> dict[str, PlannedChange] | None:
        """What is known of each change of the plan; None if it was not saved."""
        try:
            saved = json.loads(self.files.changes.read_text(encoding="utf-8"))["digests"]
            return {subject: PlannedChange(str(action), str(digest)) for subject, (action, digest) in saved.items()}
        except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return None

    def _digest_key(self) -> bytes:
        """The environment's key, which is made when it is first needed."""
        path = self._environment.files.digest_key
        with one_at_a_time(path):
            key = path.read_bytes()
            if len(key) != _KEY_SIZE:
                path.write_bytes(key := secrets.token_bytes(_KEY_SIZE))
        return key

    def ended_at(self, command: str) -> float:
        """When `command` ended, in seconds since the epoch; 0 if its supervisor did not record it."""
        try:
            return float(json.loads(self.files.exit_of(command).read_bytes())["ended"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0


def saved_plans(older_than: float = -math.inf) -> Iterator[Path]:
    """The saved plans in memory, of all environments of this user, that are older than a number of seconds."""
    for folder in plan_folders():
        # Each run looks at all of them: a `Path` of each would take four times as long as the system.
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(OSError):  # another kernel may have just deleted it
                    if entry.name.endswith(".tfplan") and time.time() - entry.stat().st_mtime > older_than:
                        yield folder / entry.name


def drop_old_plans() -> None:
    """Delete the saved plans that nobody has applied or discarded for a week."""
    for plan in saved_plans(older_than=_KEPT_SECONDS):
        with suppress(OSError):
            plan.unlink()


@contextmanager
def valid(run_id: str) -> Iterator[None]:
    """Turn any error about the values of a record into one clear error.

    Raises:
        RunStateError: a value is not valid.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, TraitError):
        raise RunStateError(
            f"The record of {run_id} is not valid: it was changed, or it is incomplete.", "Plan again with %tfplan."
        ) from None
