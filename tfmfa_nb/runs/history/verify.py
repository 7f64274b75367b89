"""A run's record, held against the environment's audit trail before another kernel goes on with it.

Whoever may write the record could otherwise lower its level, take out a role, or pass another plan off as the one
that was shown. Somebody who may write both can still make both agree; an anchor of the trail that is kept elsewhere,
as in an executed notebook, then disagrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import NEXT, Status
from tfmfa_nb.protocol.formats import KEY
from tfmfa_nb.runs.store import RunStore, valid

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment
    from tfmfa_nb.protocol.records import RunRecord

_REMEDY = "Do not go on with it. Find out who changed it, and plan again with %%tfplan."
_BEFORE_THE_PLAN = {Status.PENDING, Status.PLANNING}
_SHOWN = 16  # characters of a hash
_NAMES = {"gate_sha256": "list of roles and bypasses", "shown_sha256": "environment, counts or identity"}


def read_verified(environment: Environment, run_id: str) -> tuple[RunRecord, Status]:
    """The record of `run_id`, and its status by the audit trail.

    The trail may be one step ahead: it is written first, and the kernel may have died in between.

    Raises:
        RunStateError: the record is missing or not valid, the trail is broken, or the two disagree.
        ConfigurationError: the trail cannot be read.
    """
    store = RunStore(environment, run_id)
    record, trail = store.load(), store.trail
    if (number := trail.broken_at()) is not None:
        raise RunStateError(
            f"The audit trail {trail.path} was changed: line {number} does not follow from the line before, so the "
            f"status of {run_id} cannot be trusted.",
            "Find out who changed it, move it away, and plan again with %%tfplan.",
        )
    lines = [line for line in trail.lines() if line.get("event") == "status" and line.get("run") == run_id]
    if not lines:
        raise RunStateError(f"The audit trail {trail.path} has no entry for {run_id}.", _REMEDY)
    last = lines[-1]
    with valid(run_id):
        status = Status(last["status"])
    facts, ahead = record.audited(), status in NEXT.get(record.status, ())
    if not ahead and record.status is not status:
        raise _disagrees(run_id, "status", record.status, status)
    # While the run plans, its roles may still become known, and nothing is known of its plan.
    names = ("level",) if record.status in _BEFORE_THE_PLAN else facts
    for name in names if KEY in last else [name for name in names if name in last]:  # an older version says less
        if facts[name] != last.get(name):
            raise _disagrees(run_id, name, facts[name], last.get(name))
    return record, status


def _disagrees(run_id: str, name: str, recorded: Any, audited: Any) -> RunStateError:
    def shown(value: Any) -> str:
        text = str(value)
        return f'"{text[:_SHOWN]}…"' if name.endswith("sha256") and len(text) > _SHOWN else f'"{text}"'

    return RunStateError(
        f"The record of {run_id} was changed: its {_NAMES.get(name, name)} is {shown(recorded)}, "
        f"but the environment's audit trail says {shown(audited)}.",
        _REMEDY,
    )
