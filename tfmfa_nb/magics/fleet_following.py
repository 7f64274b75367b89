"""`%tfruns` with a fleet: names those of the notebook's folder, and follows or cancels all runs of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from tfmfa_nb.fleet.followed_runs import check_goes_on, follow_fleet, goes_on, restored_fleet, statuses_of
from tfmfa_nb.fleet.known_fleets import remembered, remembered_one
from tfmfa_nb.magics.cell_value import show_as_value
from tfmfa_nb.magics.fleet_front_end import card_of_fleet
from tfmfa_nb.magics.fleet_presentation import interrupted
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.statuses import UNDER_WAY, Status
from tfmfa_nb.model.visible import say
from tfmfa_nb.views.fleet_matrix import environments_text, fleet_bundle
from tfmfa_nb.views.fleet_statuses import stands_text
from tfmfa_nb.views.fleet_view import looking, shown
from tfmfa_nb.views.shown_fleet import ShownFleet

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.magics.magics import TfmfaMagics

_MAX_NAMED = 3  # fleets, the newest


async def follow_in_cell(arguments: Namespace, shell: InteractiveShell, magics: TfmfaMagics) -> Fleet:
    """Follow, or cancel, the fleet that the line names, and leave its table.

    Args:
        arguments: the parsed line of `%tfruns`.
        shell: the shell of the cell.
        magics: the magics, which tell front ends of the fleet.

    Returns:
        The fleet; what stopped a run is in its `errors`.

    Raises:
        UsageError: the command is for single runs.
        RunStateError: there is no such fleet, it is not running, or the cell was interrupted; each Terraform is still
            running.
        TfmfaError: the policy cannot be read, or the kernel that drives the fleet cannot be told to cancel it.
    """
    if arguments.what not in {"follow", "open", "cancel"}:
        raise UsageError(f"%tfruns {arguments.what} is for single runs; use: %tfruns follow {arguments.run}")
    base, policy = Path.cwd(), magics.read_policy()
    record = remembered_one(arguments.run, base)
    fleet = restored_fleet(record, base)
    if arguments.what == "cancel":
        check_goes_on(record, base)
        fleet.cancel()
    show_as_value(fleet, shell, lambda: fleet_bundle(fleet))

    async def show() -> None:
        notebook = getattr(shell, "kernel", None) is not None
        card = card_of_fleet(fleet, shell)
        seen = ShownFleet(fleet, card)
        with magics.showing(seen):
            async with looking(seen.look), shown(fleet, notebook=notebook, card=card):
                await follow_fleet(fleet, record, policy)

    if await interrupted(shell, show):
        raise RunStateError(
            f"{fleet.id} is no longer followed; its runs go on.", f"To follow them: %tfruns follow {fleet.id}"
        )
    return fleet


async def take_up(fleet_id: str, magics: TfmfaMagics) -> Fleet:
    """The fleet with this ID, which another kernel has planned and does not go on with, to apply its plans.

    Raises:
        RunStateError: there is no such fleet, or it is running.
        TfmfaError: the policy cannot be read.
    """
    base, policy = Path.cwd(), magics.read_policy()
    record = remembered_one(fleet_id, base)
    if goes_on(record, base):
        raise RunStateError(f"{record.id} is still running.", f"Wait until it ends: %tfruns follow {record.id}")
    fleet = restored_fleet(record, base)
    await follow_fleet(fleet, record, policy)
    return fleet


def show_fleets(folder: str = "") -> None:
    """Print the newest fleets of the notebook's folder, each with the command that follows all of its runs.

    Of those that have nothing left to do, only the newest one is named.

    Args:
        folder: an environment's folder, of which only the newest fleet is named; "" for all environments.
    """
    base, named, ended = Path.cwd(), 0, False
    for record in remembered(base):
        if folder and (base / Path(folder).expanduser()).resolve() not in {
            (base / each.folder).resolve() for each in record.environments
        }:
            continue
        statuses = statuses_of(record, base)
        goes_no_further = not {*UNDER_WAY, Status.PLANNED} & {*statuses}
        if goes_no_further and ended:
            continue
        ended, named = ended or goes_no_further, named + 1
        what, stands = environments_text(len(record.environments)), stands_text(statuses)
        say(f"{record.id}: {what} ({stands}). To follow all: %tfruns follow {record.id}")
        if named == (1 if folder else _MAX_NAMED):
            return
