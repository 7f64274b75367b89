"""A fleet's environments as rows: how each phase of each one stands, for the card and for the summary."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.messages import FleetPhase, FleetRow
from tfmfa_nb.protocol.words import counts_text, status_name
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.runs.run import Run

_MAX_NAME, _MAX_TEXT = 60, 300
_FAILED = frozenset({Status.ERRORED})


def fleet_rows(fleet: Fleet) -> tuple[FleetRow, ...]:
    """The rows of `fleet` as it is now; their texts are sanitized, and cut."""
    return tuple(_row(fleet, name) for name in fleet.names)


def _row(fleet: Fleet, name: str) -> FleetRow:
    run = fleet.get(name)
    error = one_line(str(fleet.errors.get(name, "")) or (f"{run.error} {run.error_remedy}" if run else ""), _MAX_TEXT)
    error = error.strip()
    folder = os.path.relpath(fleet.members[name].environment.folder, fleet.base)
    if run is None:
        plan, apply, counts = FleetPhase(words="" if error else "Waiting", error=error), FleetPhase(), None
    else:
        plan = _plan(fleet, name, run, error)
        apply = _current(fleet, name, run, error) if run.phase == Phase.APPLY else FleetPhase()
        counts = run.counts
    return FleetRow(
        name=one_line(name, _MAX_NAME),
        run=run.id if run else "",
        folder=folder,
        changes=counts_text(counts),
        changed=any((counts or {}).values()),
        destroys=bool((counts or {}).get("destroy")),
        failed=bool(error) or (run is not None and run.status in _FAILED),
        can_apply=run is not None and run.status == Status.PLANNED,
        plan=plan,
        apply=apply,
    )


def _plan(fleet: Fleet, name: str, run: Run, error: str) -> FleetPhase:
    if run.phase == Phase.PLAN:
        return _current(fleet, name, run, error)
    if (end := fleet.ends.get((name, Phase.PLAN))) is not None:
        return FleetPhase(
            status=end.status,
            words=status_name(end.status),
            started_at=end.started_at,
            ended_at=end.ended_at,
            error=one_line(end.error, _MAX_TEXT),
        )
    return FleetPhase(status=Status.PLANNED, words=status_name(Status.PLANNED))  # or there would be no apply


def _current(fleet: Fleet, name: str, run: Run, error: str) -> FleetPhase:
    """The phase that a run is in, or was in last."""
    status, words = run.status, status_name(run.status)
    if run.phase == Phase.APPLY and status == Status.PLANNED:
        status, words = (Status.CANCELED, "Not applied") if error else (Status.PENDING, "Waiting")
    elif status == Status.APPLYING and run.progress.get("total"):
        words = f"{words}, {run.progress['done']} of {run.progress['total']}"
    return FleetPhase(
        status=status,
        words=words,
        started_at=fleet.begun_at(name),
        ended_at=run.ended_at,
        error=error,
    )
