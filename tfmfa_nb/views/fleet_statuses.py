"""How a fleet stands: the status that is that of all its runs, and how many are in which one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Status
from tfmfa_nb.protocol.words import count, status_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfmfa_nb.fleet.fleet import Fleet

# Which status of the runs is that of all: what goes on comes first, then what a person has to look at.
_FIRST = (
    *(Status.APPLYING, Status.CONFIRMED, Status.PLANNING, Status.PENDING, Status.RUNNING),
    *(Status.ERRORED, Status.CANCELED, Status.PLANNED, Status.APPLIED),
    *(Status.DISCARDED, Status.PLANNED_AND_FINISHED, Status.FINISHED),
)


def fleet_statuses(fleet: Fleet) -> list[str]:
    """The statuses of the runs of `fleet`, in its order; those that were stopped before they began have errored."""
    return [_status_of(fleet, name) for name in fleet.names]


def first_status(statuses: Iterable[str]) -> str:
    """The status of a fleet whose runs are in `statuses`."""
    return str(min(statuses, key=_place, default=Status.PENDING))


def stands_text(statuses: Iterable[str]) -> str:
    """`1 applying, 2 planned`."""
    numbers = sorted(Counter(statuses).items(), key=lambda item: _place(item[0]))
    return ", ".join(f"{count(number)} {status_name(status).lower()}" for status, number in numbers)


def _place(status: str) -> int:
    return _FIRST.index(Status(status)) if status in _FIRST else len(_FIRST)


def _status_of(fleet: Fleet, name: str) -> str:
    run, stopped = fleet.get(name), name in fleet.errors
    if run is None:
        return Status.ERRORED if stopped else Status.PENDING
    return Status.ERRORED if stopped and run.status == Status.PENDING else run.status
