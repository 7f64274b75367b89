"""Follows the runs of a fleet that another kernel started, until none of them goes on."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.environments import Environment
from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.known_fleets import cancellation_requested
from tfmfa_nb.fleet.member import Member, name_in_fleet
from tfmfa_nb.model.errors import RunStateError, TfmfaError
from tfmfa_nb.model.statuses import UNDER_WAY
from tfmfa_nb.runs.history.follow import follow, run_if_under_way
from tfmfa_nb.runs.history.never_started import is_pending, why_never_started
from tfmfa_nb.runs.history.probe import RunProbe
from tfmfa_nb.runs.history.reopen import opened
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.protocol.fleet_records import FleetMember, FleetRecord

_PACE = 0.5  # seconds between two looks at a run that has not started


def restored_fleet(record: FleetRecord, base: Path) -> Fleet:
    """The fleet of a record, without its runs; `follow_fleet` finds them.

    Args:
        record: the record.
        base: folder of the notebook, in which it lies.
    """
    return Fleet([Member(_name(each), _environment(each, base)) for each in record.environments], base, record.id)


async def follow_fleet(fleet: Fleet, record: FleetRecord, policy: Policy) -> None:
    """Follow each run until it has ended, or waits for its apply. What stopped one is in `fleet.errors`.

    A cancellation only stops following; each Terraform continues.

    Args:
        fleet: from `restored_fleet`; its `cancel()` sends each Terraform one interrupt.
        record: its record.
        policy: organization policy.
    """

    async def one(member: FleetMember) -> None:
        try:
            await _follow_one(fleet, member, policy)
        except TfmfaError as error:
            fleet.errors[_name(member)] = error

    await asyncio.gather(*map(one, record.environments))
    await fleet.wait_for_changes()
    cancellation_requested(fleet.id, fleet.base)  # its kernel may have died before it heard of it


def goes_on(record: FleetRecord, base: Path) -> bool:
    """Whether a run of a fleet goes on, or waits in a live kernel."""
    return any(_goes_on(_environment(each, base), each.run) for each in record.environments)


def check_goes_on(record: FleetRecord, base: Path) -> None:
    """Make sure that a fleet goes on.

    Raises:
        RunStateError: it does not.
    """
    if not goes_on(record, base):
        raise RunStateError(f"{record.id} is not running.", "There is nothing to cancel.")


def _goes_on(environment: Environment, run_id: str) -> bool:
    try:
        if is_pending(environment, run_id):
            return True
        probe = RunProbe(environment, run_id)
        return probe.look() or probe.attended
    except TfmfaError:
        return False


def statuses_of(record: FleetRecord, base: Path) -> list[str]:
    """The statuses of a fleet's runs; of those that never started, or that have no record, words that say so."""
    return [_status_of(_environment(each, base), each.run) for each in record.environments]


def _status_of(environment: Environment, run_id: str) -> str:
    try:
        if is_pending(environment, run_id):
            return "pending"
        if why_never_started(environment, run_id):
            return "never started"
        return str(RunStore(environment, run_id).load().status)
    except TfmfaError:
        return "without a record"


def _name(member: FleetMember) -> str:
    return name_in_fleet(member.name, member.folder)


def _environment(member: FleetMember, base: Path) -> Environment:
    folder = Path(base, member.folder).absolute()
    return Environment(folder.name if member.owned else member.folder, folder, owned=member.owned)


async def _follow_one(fleet: Fleet, member: FleetMember, policy: Policy) -> None:
    name, run_id, shown = _name(member), member.run, ""
    environment = fleet.members[name].environment
    while True:
        if is_pending(environment, run_id):
            await asyncio.sleep(_PACE)
            continue
        if why := why_never_started(environment, run_id):
            raise RunStateError(
                f"The run never started: {why}.", f"To remove it: %tfruns {environment.option} discard {run_id}"
            )
        probe = RunProbe(environment, run_id)
        if probe.record.fleet != fleet.id:  # whoever wrote the fleet's record may have named any run
            raise RunStateError(f"{run_id} is no run of {fleet.id}.", f"See what it is: %tfruns {environment.option}")
        if probe.record.status in UNDER_WAY:
            if (run := run_if_under_way(environment, run_id, fleet.base, policy)) is not None:
                fleet.adopt(name, run)
                await follow(run)
            continue
        if probe.record.status != shown:
            shown = probe.record.status
            fleet.adopt(name, opened(environment, run_id, fleet.base, os.environ, policy))
        if not probe.attended:
            return
        await asyncio.sleep(_PACE)  # its kernel is about to go on with it
