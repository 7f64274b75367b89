"""Runs that have not started: those that wait in a live kernel, and those that ended before, and left their folder.

Their kernel was killed, or could not delete the folder, because it was moved away for that time. A run has a record,
and a status in the audit trail, before its Terraform is started; until then, its kernel holds a lock in the folder.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tfmfa_nb.environments import holder_of
from tfmfa_nb.model.errors import RunStateError, TfmfaError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runs.audit.trail import AuditTrail

if TYPE_CHECKING:
    from typing import Any

    from tfmfa_nb.environments import Environment


def is_pending(environment: Environment, run_id: str) -> bool:
    """True if a live kernel has the run, and has not started it yet.

    Raises:
        ConfigurationError: that cannot be told.
    """
    files = environment.files.run(run_id)
    return holder_of(files.pending) is not None and not files.record.exists()


def why_never_started(environment: Environment, run_id: str) -> str:
    """Why a run never started, as a clause: "it ended while it waited for a code".

    Returns:
        "" if it did, may have, or still may.
    """
    files = environment.files.run(run_id)
    if files.record.exists() or not files.folder.is_dir():
        return ""
    try:
        if is_pending(environment, run_id):
            return ""
        trail = AuditTrail(environment.files.audit_trail)
        mine = trail.of_runs({run_id}, since_change=False).get(run_id, [])
    except TfmfaError:
        return ""
    if any(line.get("event") == "status" for line in mine):
        return ""
    asked = any(map(_asks, mine))
    return "it ended while it waited for a code" if asked else "it ended before Terraform was started"


def check_started(environment: Environment, run_id: str) -> None:
    """Make sure that there is a run to go on with.

    Raises:
        RunStateError: it never started, or its kernel has not started it yet.
    """
    if is_pending(environment, run_id):
        raise RunStateError(f"{run_id} has not started yet.", "Its own kernel can start or cancel it.")
    if why := why_never_started(environment, run_id):
        raise RunStateError(
            f"{run_id} never started: {why}.", f"To remove it: %tfruns {environment.option} discard {run_id}"
        )


def _asks(line: dict[str, Any]) -> bool:
    """Whether a line of the trail begins a phase that requires a code."""
    with suppress(ValueError):
        level, phase = Level(str(line.get("level"))), Phase(str(line.get("phase")))
        return line.get("event") == "phase" and level.asks_before(phase)
    return False
