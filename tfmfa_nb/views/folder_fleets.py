"""The fleets that the runs panel shows: each one entry, with the runs of its environments below it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from tfmfa_nb.fleet.followed_runs import goes_on, statuses_of
from tfmfa_nb.fleet.known_fleets import remembered
from tfmfa_nb.model.statuses import UNDER_WAY
from tfmfa_nb.protocol.runs_overview import FleetRun, ListedFleet
from tfmfa_nb.protocol.words import status_name
from tfmfa_nb.views.fleet_matrix import environments_text
from tfmfa_nb.views.fleet_statuses import first_status, stands_text
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.protocol.fleet_records import FleetRecord

_MAX_FLEETS, _MAX_RUNS, _MAX_NAME = 3, 50, 80


def folder_fleets(base: Path) -> tuple[ListedFleet, ...]:
    """The newest fleets of the notebook's folder as they are now. Looking changes nothing."""
    return tuple(_listed(record, base) for record in islice(remembered(base), _MAX_FLEETS))


def _listed(record: FleetRecord, base: Path) -> ListedFleet:
    statuses = statuses_of(record, base)
    going = any(status in UNDER_WAY for status in statuses) and goes_on(record, base)
    runs = (
        FleetRun(
            name=one_line(each.name, _MAX_NAME),
            folder=each.folder,
            run=each.run,
            status=status,
            words=status_name(status),
        )
        for each, status in zip(record.environments, statuses, strict=True)
    )
    return ListedFleet(
        id=record.id,
        started_at=record.started_at,
        status=first_status(statuses),
        environments=environments_text(len(statuses)),
        stands=stands_text(statuses),
        runs=tuple(islice(runs, _MAX_RUNS)),
        more=max(0, len(statuses) - _MAX_RUNS),
        actions=("open", "cancel") if going else ("open",),
    )
