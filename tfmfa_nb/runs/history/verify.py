"""A run's record, held against the environment's audit trail before another kernel goes on with it.

Whoever may write the record could otherwise lower its level, take out a role, or pass another plan off as the one
that was shown. Somebody who may write both can still make both agree: what they cannot make agree is an anchor of the
trail that lies elsewhere, such as an executed notebook's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import NEXT, Status
from tfmfa_nb.runs.audit import AuditTrail
from tfmfa_nb.runs.store import RunFolder, facts_of, understood

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment

_REMEDY = "Do not go on with it. Find out who changed it, and plan again with %%tfplan."
_BEFORE_THE_PLAN = {Status.PENDING, Status.PLANNING}
_SHOWN = 16  # characters of a hash
_NAMES = {"gate_sha256": "list of roles and bypasses"}


def read_agreed(environment: Environment, run_id: str) -> tuple[dict[str, Any], Status]:
    """The record of `run_id`, and its status as the trail has it.

    That may be one step ahead of the record's: the trail is written first, and the kernel may have died in between.

    Raises:
        RunStateError: there is no record that can be understood, the trail is broken, or the two disagree.
        ConfigurationError: the trail cannot be read.
    """
    record = RunFolder(environment.private, run_id).read()
    trail = AuditTrail(environment.private / "audit.jsonl")
    if (number := trail.broken_at()) is not None:
        raise RunStateError(
            f"The audit trail {trail.path} was changed: its line {number} does not follow from the one before, "
            f"so nobody can say what {run_id} was.",
            "Find out who changed it, move it away, and plan again with %%tfplan.",
        )
    said = [line for line in trail.lines() if line.get("event") == "status" and line.get("run") == run_id]
    if not said:
        raise RunStateError(f"The audit trail {trail.path} knows nothing of {run_id}.", _REMEDY)
    last = said[-1]
    with understood(run_id):
        status, recorded, facts = Status(last["status"]), Status(record["status"]), facts_of(record)
    ahead = status in NEXT.get(recorded, ())
    if not ahead and recorded is not status:
        raise _disagrees(run_id, "status", recorded, status)
    # While it plans its roles may still become known, and of its plan there is nothing to know.
    for name in ("level",) if recorded in _BEFORE_THE_PLAN else facts:
        if facts[name] != last.get(name):
            raise _disagrees(run_id, name, facts[name], last.get(name))
    return record, status


def _disagrees(run_id: str, name: str, recorded: Any, said: Any) -> RunStateError:
    def shown(value: Any) -> str:
        text = str(value)
        return f'"{text[:_SHOWN]}…"' if name.endswith("sha256") and len(text) > _SHOWN else f'"{text}"'

    return RunStateError(
        f"The record of {run_id} was changed: its {_NAMES.get(name, name)} is {shown(recorded)}, "
        f"but the environment's audit trail says {shown(said)}.",
        _REMEDY,
    )
