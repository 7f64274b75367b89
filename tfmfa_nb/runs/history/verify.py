"""Checks a run's record against the environment's audit trail before another kernel continues with the run.

Without this check, anyone with write access to the record could lower its level, remove a role, or substitute another
plan for the one that was shown. Anyone with write access to both files can make them match, but not match what is kept
elsewhere: this machine's own record of the trail, an executed notebook, a signature, or a sink.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import NEXT, Status
from tfmfa_nb.protocol.formats import KEY
from tfmfa_nb.runs.audit.integrity import lines_since_change, trail_problem
from tfmfa_nb.runs.store import RunStore, valid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.protocol.records import RunRecord

_REMEDY = "Do not continue this run. Find out who changed its record, and plan again with %tfplan."
_BEFORE_THE_PLAN = {Status.PENDING, Status.PLANNING}
_MAX_HASH = 16  # characters of a hash in an error
# What earlier versions did not write into the trail.
_LATER = {"workspace", "backend_key", "command", "checks_sha256", "approvals"}
_NAMES = {
    "configuration_sha256": "configuration",
    "backend_key": "state",
    "gate_sha256": "list of roles and bypasses",
    "checks_sha256": "results of policy checks",
    "shown_sha256": "environment, counts or identity",
}


def read_verified(environment: Environment, run_id: str, *, whole: bool = False) -> tuple[RunRecord, Status]:
    """The record of `run_id` as far as the audit trail says the same, and its status in the trail.

    The trail may be one step ahead: it is written first, and the kernel may have died before it saved the record.

    Args:
        environment: environment of the run.
        run_id: ID of the run.
        whole: True to read all of the trail, also if it is as this machine left it by what the file system says.

    Raises:
        RunStateError: the record is missing or not valid, the trail was changed, or the two do not match.
        ConfigurationError: the trail cannot be read.
    """
    store = RunStore(environment, run_id)
    if not whole:
        with suppress(RunStateError):  # no index accuses anybody
            return _held(store, store.trail.of_runs({run_id}, "status"))
    while True:
        record = store.load()
        try:
            return _held(store, statuses_of_runs(store.trail.lines()), whole=whole)
        except RunStateError:
            if store.load() == record:  # else, its kernel has gone on between the two readings
                raise


def _held(
    store: RunStore, statuses: Mapping[str, Sequence[dict[str, Any]]], *, whole: bool = False
) -> tuple[RunRecord, Status]:
    record, trail = store.load(), store.trail
    if (problem := trail_problem(trail, whole=whole)) is not None:
        raise RunStateError(f"{problem.what} So the status of {store.id} cannot be trusted.", problem.remedy)
    if not statuses.get(store.id):
        raise RunStateError(f"The audit trail {trail.path} has no entry for {store.id}.", _REMEDY)
    return held_against(record, statuses[store.id])


def statuses_of_runs(lines: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The lines with the statuses of each run, by its ID; those of before a change of the trail say nothing."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines_since_change(lines):
        if line.get("event") == "status":
            found.setdefault(str(line.get("run")), []).append(line)
    return found


def held_against(record: RunRecord, lines: Sequence[dict[str, Any]]) -> tuple[RunRecord, Status]:
    """A record as far as the trail says the same, and its status in the trail.

    Args:
        record: record of the run.
        lines: the lines of the trail with the statuses of the run, at least one.

    Raises:
        RunStateError: the two do not match.
    """
    last = lines[-1]
    with valid(record.id):
        status = Status(last["status"])
    ahead = status in NEXT.get(record.status, ())
    if not ahead and record.status is not status:
        raise _mismatch(record.id, "status", record.status, status)
    # The line of the record's own status; a pending run has none.
    line = next((each for each in reversed(lines[-2:]) if each.get("status") == str(record.status)), last)
    planning = record.status in _BEFORE_THE_PLAN
    facts = record.audited()
    for name in facts:
        if name not in line and (KEY not in line or name in _LATER):  # an older version says less
            continue
        if facts[name] == line.get(name):
            continue
        # What `init` installs may bring roles, and they may raise the level.
        if planning and name == "gate_sha256":
            record = replace(record, chains=(), bypasses=())
        elif not (planning and name == "level" and _is_stricter(record.level, line.get(name))):
            raise _mismatch(record.id, name, facts[name], line.get(name))
    return record, status


def _is_stricter(level: Level, than: Any) -> bool:
    return than in set(Level) and level.strictness > Level(than).strictness


def _mismatch(run_id: str, name: str, recorded: Any, audited: Any) -> RunStateError:
    def quoted(value: Any) -> str:
        text = str(value)
        return f'"{text[:_MAX_HASH]}…"' if name.endswith("sha256") and len(text) > _MAX_HASH else f'"{text}"'

    return RunStateError(
        f"The record of {run_id} was changed: its {_NAMES.get(name, name)} is {quoted(recorded)}, "
        f"but the environment's audit trail says {quoted(audited)}.",
        _REMEDY,
    )
