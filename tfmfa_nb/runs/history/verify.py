"""Checks a run's record against the environment's audit trail before another kernel continues with the run.

Without this check, anyone with write access to the record could lower its level, remove a role, or substitute another
plan for the one that was shown. Anyone with write access to both files can make them match, but not match what is kept
elsewhere: this machine's own record of the trail, an executed notebook, a signature, or a sink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import NEXT, Status
from tfmfa_nb.protocol.formats import KEY
from tfmfa_nb.runs.audit.integrity import lines_since_change, trail_problem
from tfmfa_nb.runs.store import RunStore, valid

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment
    from tfmfa_nb.protocol.records import RunRecord

_REMEDY = "Do not continue this run. Find out who changed its record, and plan again with %%tfplan."
_BEFORE_THE_PLAN = {Status.PENDING, Status.PLANNING}
_MAX_HASH = 16  # characters of a hash in an error
# What earlier versions did not write into the trail.
_LATER = {"workspace"}
_NAMES = {
    "configuration_sha256": "configuration",
    "gate_sha256": "list of roles and bypasses",
    "shown_sha256": "environment, counts or identity",
}


def read_verified(environment: Environment, run_id: str) -> tuple[RunRecord, Status]:
    """The record of `run_id`, and its status in the audit trail.

    The trail may be one step ahead: it is written first, and the kernel may have died before it saved the record.

    Raises:
        RunStateError: the record is missing or not valid, the trail was changed, or the two do not match.
        ConfigurationError: the trail cannot be read.
    """
    store = RunStore(environment, run_id)
    record, trail = store.load(), store.trail
    if (problem := trail_problem(trail)) is not None:
        raise RunStateError(f"{problem.what} So the status of {run_id} cannot be trusted.", problem.remedy)
    said = lines_since_change(trail.lines())
    lines = [line for line in said if line.get("event") == "status" and line.get("run") == run_id]
    if not lines:
        raise RunStateError(f"The audit trail {trail.path} has no entry for {run_id}.", _REMEDY)
    last = lines[-1]
    with valid(run_id):
        status = Status(last["status"])
    facts, ahead = record.audited(), status in NEXT.get(record.status, ())
    if not ahead and record.status is not status:
        raise _mismatch(run_id, "status", record.status, status)
    # While the run is planning, its roles may still change, and there is no plan yet.
    names = ("level",) if record.status in _BEFORE_THE_PLAN else facts
    for name in names:
        if name not in last and (KEY not in last or name in _LATER):  # an older version says less
            continue
        if facts[name] != last.get(name):
            raise _mismatch(run_id, name, facts[name], last.get(name))
    return record, status


def _mismatch(run_id: str, name: str, recorded: Any, audited: Any) -> RunStateError:
    def quoted(value: Any) -> str:
        text = str(value)
        return f'"{text[:_MAX_HASH]}…"' if name.endswith("sha256") and len(text) > _MAX_HASH else f'"{text}"'

    return RunStateError(
        f"The record of {run_id} was changed: its {_NAMES.get(name, name)} is {quoted(recorded)}, "
        f"but the environment's audit trail says {quoted(audited)}.",
        _REMEDY,
    )
