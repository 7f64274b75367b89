"""A fleet's environments as rows: how each phase of each one stands, for the card and for the summary."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.decision import numbers_of
from tfmfa_nb.protocol.messages import FleetPhase, FleetRow
from tfmfa_nb.protocol.words import counts_text, status_name
from tfmfa_nb.views.sanitize import one_line
from tfmfa_nb.views.wording import severe_about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.protocol.decision import SevereChange
    from tfmfa_nb.runs.run import Run

    Severe = tuple[tuple[SevereChange, ...], int]  # those that are named, and the number of the others

_MAX_NAME, _MAX_TEXT = 60, 300
_MAX_SEVERE_OF_ALL = 100  # resources that are named, at least one of each environment
_FAILED = frozenset({Status.ERRORED})


def fleet_rows(fleet: Fleet) -> tuple[FleetRow, ...]:
    """The rows of `fleet` as it is now; their texts are sanitized, and cut."""
    taking_part, numbers = frozenset(fleet.taking_part), _numbers(fleet)
    severe = {name: severe_about(run, _MAX_SEVERE_OF_ALL) for name, run in fleet.items()}
    most = _share(sorted(len(named) for named, _ in severe.values() if named))
    return tuple(
        _row(fleet, name, _cut(severe.get(name, ((), 0)), most), numbers.get(name, {}), takes_part=name in taking_part)
        for name in fleet.names
    )


def _numbers(fleet: Fleet) -> dict[str, Mapping[str, int]]:
    """How many resources each action is about, by the name of the environment, for those whose plans are there.

    Terraform counts a replacement as added and as destroyed, so its counts stand until all changes are known.
    """
    runs = {name: run for name, run in fleet.items() if run.counts is not None}
    known = all(run.changes or not any((run.counts or {}).values()) for run in runs.values())
    return {name: numbers_of(run.counts or {}, run.changes if known else ()) for name, run in runs.items()}


def _cut(severe: Severe, most: int) -> Severe:
    named, more = severe
    return named[:most], more + len(named[most:])


def _share(numbers: list[int]) -> int:
    """How many resources each environment may name, where they have so many, in ascending order: all the same room."""
    left, share = _MAX_SEVERE_OF_ALL, 1
    for place, number in enumerate(numbers):
        share = max(1, left // (len(numbers) - place))
        if number > share:
            break
        left -= number
    return share


def _row(fleet: Fleet, name: str, severe: Severe, numbers: Mapping[str, int], *, takes_part: bool) -> FleetRow:
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
    named, more = severe
    return FleetRow(
        name=one_line(name, _MAX_NAME),
        run=run.id if run else "",
        folder=folder,
        changes=counts_text(counts),
        numbers={action: number for action, number in numbers.items() if number},
        changed=counts is not None and run is not None and run.status != Status.PLANNED_AND_FINISHED,
        failed=bool(error) or (run is not None and run.status in _FAILED),
        can_apply=run is not None and run.status == Status.PLANNED,
        takes_part=takes_part,
        severe=tuple(map(_sanitized, named)),
        more_severe=more,
        plan=plan,
        apply=apply,
    )


def _sanitized(change: SevereChange) -> SevereChange:
    return replace(change, address=one_line(change.address, _MAX_TEXT), reason=one_line(change.reason, _MAX_TEXT))


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
