"""Lists the runs of an environment from their records, and finds the run that a part of an ID refers to.

Listing creates and changes nothing. A run whose record is not valid is listed with the others.
"""

from __future__ import annotations

import difflib
import shlex
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tfmfa_nb.environments import Holder, holder_of
from tfmfa_nb.model.errors import RunStateError, TfmfaError
from tfmfa_nb.model.statuses import UNDER_WAY, Phase, Status
from tfmfa_nb.protocol.layout import PRIVATE, RUN_ID, RUNS
from tfmfa_nb.runs.approvals.needed import needed_by_runs, required_of
from tfmfa_nb.runs.history.confirmation import confirmation_of
from tfmfa_nb.runs.history.never_started import is_pending, why_never_started
from tfmfa_nb.runs.history.probe import RunProbe
from tfmfa_nb.runs.history.waiting_runs import waiting_among
from tfmfa_nb.runs.holder import run_of_holder
from tfmfa_nb.runs.run_ids import run_ids, started_at
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.protocol.needed_approvals import NeededApprovals
    from tfmfa_nb.protocol.records import RunRecord

LATEST = "latest"
_MAX_NAMED = 5  # IDs in an error


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One run, from its record.

    Attributes:
        started_at: seconds since the epoch, from the ID.
        status: None if the record is missing or not valid.
        phase: current or last phase.
        counts: add, change, destroy, imported; None if unknown.
        authenticated_by: IAM user of the last phase; empty if there is none.
        seconds: duration of the last phase, or of the current one so far; None if unknown.
        running: True if the run is still running.
        attended: True if the kernel that drives it is alive.
        can_apply: True if its plan can be applied.
        left_alone: process ID of a Terraform that nobody supervises any more; 0 otherwise.
        confirmed: False if the audit trail does not confirm its record.
        never_started: why the run never started, as a clause; empty if it did, or may have.
        workspace: Terraform's workspace; empty if unknown.
        backend_key: bucket and key of the S3 backend; empty if unknown, or for another backend.
        command: the command of Terraform's that it is for, with what follows; empty for a plan and its apply.
        needed_approvals: the approvals that its apply needs, and those that it has; None if none is demanded.
        plan_sha256: SHA-256 of its saved plan; empty without one.
        waiting_for: "code" or "confirmation", if it waits for one that can be given from elsewhere; else empty.
        has_state_copy: True if it has kept a copy of the state, which has secrets in it.
    """

    id: str
    started_at: float
    status: Status | None = None
    phase: Phase = Phase.PLAN
    counts: dict[str, int] | None = None
    authenticated_by: str = ""
    seconds: float | None = None
    running: bool = False
    attended: bool = False
    can_apply: bool = False
    left_alone: int = 0
    confirmed: bool = True
    never_started: str = ""
    workspace: str = ""
    backend_key: str = ""
    command: str = ""
    waiting_for: str = ""
    needed_approvals: NeededApprovals | None = None
    plan_sha256: str = ""
    has_state_copy: bool = False

    @property
    def left_its_lock(self) -> bool:
        """True if the run has ended, so that a lock which it still holds was left behind."""
        return self.end_unrecorded or (self.status is not None and self.status.final)

    @property
    def end_unrecorded(self) -> bool:
        """True if the run ended after its kernel had exited, so that no kernel recorded its end."""
        return self.status in UNDER_WAY and not self.running


@dataclass(frozen=True, slots=True)
class Listing:
    """An environment's runs.

    Attributes:
        environment: name of the environment.
        option: option of a magic that selects the environment, such as "-e staging".
        folder: absolute path of the environment's folder.
        runs: the newest runs, newest first, up to the limit.
        total: number of all runs.
        holder: holder of the environment's lock; None if the lock is free.
        problem: why the holder is unknown; empty if it is known.
        evidence: what is wrong with the audit trail, in sentences.
        listed_at: seconds since the epoch.
    """

    environment: str
    option: str
    folder: Path
    runs: tuple[ListedRun, ...]
    total: int
    holder: Holder | None = None
    problem: str = ""
    evidence: tuple[str, ...] = ()
    listed_at: float = field(default_factory=time.time)

    @property
    def lock_was_left(self) -> bool:
        """True if a run that has ended still holds the environment's lock."""
        its = run_of_holder(self.holder) if self.holder is not None else ""
        return any(run.id == its and run.left_its_lock for run in self.runs)


def list_runs(
    environment: Environment,
    limit: int,
    workspace: str = "",
    *,
    policy: Policy | None = None,
    environ: Mapping[str, str] | None = None,
    waiting: Mapping[tuple[Path, str], str] | None = None,
) -> Listing:
    """The newest runs of an environment.

    Args:
        environment: the environment.
        limit: most runs.
        workspace: only the runs in this workspace of Terraform's; "" for all.
        policy: organization policy, which may demand approvals of applies; None for none.
        environ: process environment, for the workspace of an apply; None for an empty one.
        waiting: what `waiting_among` says of the runs; None asks them.
    """
    ids = _in_workspace(environment, workspace)
    holder, problem = None, ""
    try:
        holder = holder_of(environment.files.lock)
    except TfmfaError as error:
        problem = str(error)
    listed = ids[:limit]
    waiting = _waiting(environment, listed) if waiting is None else waiting
    unconfirmed, evidence = _unconfirmed(environment, listed)
    runs = tuple(
        replace(_listed(environment, run_id, holder, waiting), confirmed=run_id not in unconfirmed) for run_id in listed
    )
    plans = {run.id: run.plan_sha256 for run in runs if run.can_apply}
    required = None if policy is None else required_of(environment, policy, environ or {})
    needed = needed_by_runs(environment, plans, required)
    runs = tuple(replace(run, needed_approvals=needed.get(run.id)) for run in runs)
    return Listing(environment.name, environment.option, environment.folder, runs, len(ids), holder, problem, evidence)


def _unconfirmed(environment: Environment, ids: Sequence[str]) -> tuple[Container[str], tuple[str, ...]]:
    """The runs that the audit trail does not confirm, and what is wrong with it, in sentences."""
    try:
        found = confirmation_of(environment, ids)
    except TfmfaError as error:
        return ids, (str(error),)
    return found.unconfirmed, (*found.sentences, *filter(None, [found.torn]))


def _in_workspace(environment: Environment, workspace: str) -> list[str]:
    """The IDs of the runs in a workspace, newest first; "" for all."""
    ids = run_ids(environment)
    return [run_id for run_id in ids if _workspace_of(environment, run_id) == workspace] if workspace else ids


def _workspace_of(environment: Environment, run_id: str) -> str:
    try:
        return RunStore(environment, run_id).load().workspace
    except TfmfaError:
        return ""


def find_run(
    environment: Environment,
    reference: str,
    fits: Callable[[ListedRun], bool] = lambda _: True,
    workspace: str = "",
) -> str:
    """The ID of the run that `reference` means.

    Args:
        environment: environment of the run.
        reference: ID, a unique part of it, or "latest".
        fits: selects the runs from which "latest" is chosen; if none fits, "latest" is the newest run.
        workspace: only the runs in this workspace of Terraform's; "" for all.

    Raises:
        RunStateError: no run matches, several match, or the run belongs to another environment.
    """
    ids = _in_workspace(environment, workspace)
    if not ids:
        where = f' in the workspace "{workspace}"' if workspace else ""
        remedy = environment.similar or f"Plan with %tfplan {environment.option}"
        raise RunStateError(f'"{environment.name}" has no runs{where}.', remedy)
    if reference == LATEST:
        return next((one.id for one in _fitting(environment, ids, fits)), ids[0])
    matches = matching(ids, reference)
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RunStateError(
            f"{reference!r} matches {len(matches)} runs: {_some(matches)}.",
            "Use a longer part of the ID, or the whole ID.",
        )
    for other, run_id in _elsewhere(environment, reference):
        option = f"{'-C' if '/' in other else '-e'} {shlex.quote(other)}"
        raise RunStateError(
            f'{run_id} is a run of "{other}", not of "{environment.name}".', f"Select that environment with {option}"
        )
    near = difflib.get_close_matches(reference, ids, n=_MAX_NAMED, cutoff=0.6)
    raise RunStateError(
        f'"{environment.name}" has no run {reference!r}.',
        f"Similar: {_some(near)}." if near else f"The newest: {_some(ids)}. %tfruns {environment.option} lists all.",
    )


def matching(ids: Sequence[str], reference: str) -> list[str]:
    """The matches of `reference`: the exact ID, or else the IDs that start or end with it, or else those with it."""
    part = reference.strip().lower()
    if not part:
        return []
    if part in ids:
        return [part]
    edges = [one for one in ids if one.endswith(f"-{part}") or one.startswith((f"{part}-", f"run-{part}-"))]
    return edges or [one for one in ids if part in one]


def _fitting(environment: Environment, ids: Sequence[str], fits: Callable[[ListedRun], bool]) -> Iterator[ListedRun]:
    holder = holder_of(environment.files.lock)
    waiting = _waiting(environment, ids)
    return (one for one in (_listed(environment, run_id, holder, waiting) for run_id in ids) if fits(one))


def _waiting(environment: Environment, ids: Sequence[str]) -> Mapping[tuple[Path, str], str]:
    return waiting_among((environment, run_id) for run_id in ids)


def _listed(
    environment: Environment, run_id: str, holder: Holder | None, waiting: Mapping[tuple[Path, str], str]
) -> ListedRun:
    begun = started_at(run_id)
    mine = holder if holder is not None and run_of_holder(holder) == run_id else None
    store, waits_for = RunStore(environment, run_id), waiting.get((environment.folder, run_id), "")
    try:
        record = store.load()
        probe = RunProbe(environment, run_id)
        running = record.status in UNDER_WAY and probe.look()
        return ListedRun(
            run_id,
            begun,
            record.status,
            record.phase,
            None if record.counts is None else dict(record.counts),
            record.authenticated_by,
            _seconds(store, record, running=running),
            running,
            mine is not None and mine.alive,
            record.status is Status.PLANNED and store.has_plan,
            probe.left_alone,
            workspace=record.workspace,
            backend_key=record.backend_key,
            command=" ".join([record.command, *record.arguments]),
            waiting_for=waits_for,
            plan_sha256=record.plan_sha256,
            has_state_copy=store.files.state_copy.is_file(),
        )
    except TfmfaError:
        if is_pending(environment, run_id):
            return ListedRun(run_id, begun, Status.PENDING, running=True, attended=True, waiting_for=waits_for)
        return ListedRun(run_id, begun, never_started=why_never_started(environment, run_id))


def _seconds(store: RunStore, record: RunRecord, *, running: bool) -> float | None:
    ended_at = time.time() if running else store.ended_at(record.phase) or record.ended_at
    took = ended_at - record.started_at
    return took if record.started_at and took >= 0 else None


def _elsewhere(environment: Environment, reference: str) -> Iterator[tuple[str, str]]:
    """The matches of `reference` in neighboring environments, as (environment, run ID)."""
    for folder in sorted(environment.folder.parent.glob(f"*/{PRIVATE}/{RUNS}")):
        try:
            ids = [path.name for path in folder.iterdir() if RUN_ID.fullmatch(path.name)]
        except OSError:
            continue
        for run_id in matching(ids, reference):
            yield folder.parents[1].name, run_id


def _some(ids: Sequence[str]) -> str:
    more = len(ids) - _MAX_NAMED
    return ", ".join(ids[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
