"""`%tfruns` with a fleet: names those of the notebook's folder, and follows all runs of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from tfmfa_nb.fleet.followed_runs import follow_fleet, how_it_stands, restored_fleet
from tfmfa_nb.fleet.known_fleets import remembered, remembered_one
from tfmfa_nb.magics.cell_value import show_as_value
from tfmfa_nb.magics.fleet_front_end import card_of_fleet
from tfmfa_nb.magics.interruption import interrupted_while_shown
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.model.visible import say
from tfmfa_nb.protocol.words import count, status_name
from tfmfa_nb.views.fleet_matrix import fleet_bundle
from tfmfa_nb.views.fleet_view import shown

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.views.view import View

_MAX_NAMED = 3  # fleets, the newest


async def follow_in_cell(arguments: Namespace, shell: InteractiveShell, policy: Policy, unseen: View) -> Fleet:
    """Follow the fleet that the line names, and leave its table.

    Args:
        arguments: the parsed line of `%tfruns`.
        shell: the shell of the cell.
        policy: organization policy.
        unseen: a view that shows nothing; the fleet's own shows it.

    Returns:
        The fleet; what stopped a run is in its `errors`.

    Raises:
        UsageError: the command is for single runs.
        RunStateError: there is no such fleet, or the cell was interrupted; each Terraform is still running.
    """
    if arguments.what not in {"follow", "open"}:
        raise UsageError(f"%tfruns {arguments.what} is for single runs; use: %tfruns follow {arguments.run}")
    base = Path.cwd()
    record = remembered_one(arguments.run, base)
    fleet = restored_fleet(record, base)
    show_as_value(fleet, shell, lambda: fleet_bundle(fleet))

    async def show() -> None:
        notebook = getattr(shell, "kernel", None) is not None
        async with shown(fleet, notebook=notebook, card=card_of_fleet(fleet, shell)):
            await follow_fleet(fleet, record, policy)

    if await interrupted_while_shown(unseen, shell, show):
        raise RunStateError(
            f"{fleet.id} is no longer followed; its runs go on.", f"To follow them: %tfruns follow {fleet.id}"
        )
    return fleet


def show_fleets() -> None:
    """Print the newest fleets of the notebook's folder, each with the command that follows all of its runs."""
    base = Path.cwd()
    for record in remembered(base)[:_MAX_NAMED]:
        stands = how_it_stands(record, base)
        parts = ", ".join(f"{count(number)} {status_name(status).lower()}" for status, number in stands.items())
        total = len(record.environments)
        what = "1 environment" if total == 1 else f"{count(total)} environments"
        say(f"{record.id}: {what} ({parts}). To follow all: %tfruns follow {record.id}")
