"""What a fleet's card shows above its rows: the lock indicator of all, who authenticates, how the fleet goes on."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.protocol.messages import Identity
from tfmfa_nb.protocol.words import count
from tfmfa_nb.views.fleet_matrix import decision_line
from tfmfa_nb.views.fleet_rows import fleet_rows
from tfmfa_nb.views.fleet_statuses import first_status, fleet_statuses, stands_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.runs.run import Run

# Which state of the runs' lock indicators is that of all: what a person has to look at comes first.
_FIRST = (
    LockIndicator.FAILED,
    LockIndicator.VERIFYING,
    LockIndicator.REQUIRED,
    LockIndicator.AUTHENTICATED,
    LockIndicator.OPEN,
)


def fleet_facts(fleet: Fleet) -> dict[str, Any]:
    """The fields of a `FleetState` that depend on the fleet alone."""
    first, statuses, rows = speaking_run(fleet), fleet_statuses(fleet), fleet_rows(fleet)
    runs = [fleet[name] for name in fleet.taking_part if name in fleet]
    identity: Mapping[str, Any] = next((run.identity for run in runs if run.identity), {})
    return {
        "id": fleet.id,
        "phase": str(first.phase) if first is not None else str(Phase.PLAN),
        "level": str(first.level) if first is not None else "",
        "decision": decision_line(fleet, rows),
        "pace": pace_text(fleet),
        "lock_indicator": str(first.lock_indicator if first is not None else LockIndicator.OPEN),
        "lock_indicator_text": first.lock_indicator_text if first is not None else "",
        "lock_indicator_remedy": first.lock_indicator_remedy if first is not None else "",
        "identity": Identity(**{each.name: identity[each.name] for each in fields(Identity) if each.name in identity}),
        "rows": rows,
        "started_at": fleet.started_at,
        "can_pause": bool(fleet.waiting),
        "paused": fleet.paused,
        "canceling": fleet.canceling,
        "status": first_status(statuses),
        "stands": stands_text(statuses),
        "ended": fleet.ended,
    }


def pace_text(fleet: Fleet) -> str:
    """How the fleet goes on: `1 first, then 4 at a time; no other starts after 2 failures`."""
    if not fleet.at_once:
        return ""
    pace, at_once = fleet.pace, f"{count(fleet.at_once)} at a time"
    first = f"{count(pace.canary)} first, then {at_once}" if pace.canary else at_once.capitalize()
    failures = "the first failure" if pace.stop_after == 1 else f"{count(pace.stop_after)} failures"
    return f"{first}; no other starts after {failures}" if pace.stop_after else first


def speaking_run(fleet: Fleet) -> Run | None:
    """The run whose lock indicator is that of all: of those that go on, or else, of all."""
    runs = [fleet[name] for name in fleet.taking_part if name in fleet]
    stopped = {id(fleet[name]) for name in fleet.stopped if name in fleet}
    going = [run for run in runs if id(run) not in stopped] or runs
    return min(going, key=lambda run: _FIRST.index(LockIndicator(run.lock_indicator)), default=None)
