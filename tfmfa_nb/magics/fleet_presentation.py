"""Does what a cell asks for with a fleet while the cell's front end shows it."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from tfmfa_nb.magics.cell_gate import gate_of
from tfmfa_nb.magics.cell_value import show_as_value
from tfmfa_nb.magics.fleet_front_end import card_of_fleet, front_end_of_fleet
from tfmfa_nb.magics.front_end import UnseenView
from tfmfa_nb.magics.interruption import interrupted_while_shown
from tfmfa_nb.model.errors import ConfigurationError, FleetStopped, TfmfaError
from tfmfa_nb.notifications.notifier import notifying
from tfmfa_nb.views.fleet_matrix import fleet_bundle
from tfmfa_nb.views.fleet_view import looking, shown, shown_to_runner
from tfmfa_nb.views.shown_fleet import ShownFleet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.magics.cell_gate import Settings
    from tfmfa_nb.magics.magics import TfmfaMagics
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.views.fleet_card import FleetCard


async def go_fleet(
    fleet: Fleet,
    work: Callable[[Gate, FleetCard | None], Awaitable[None]],
    settings: Settings,
    magics: TfmfaMagics | None,
    *,
    show: bool = True,
) -> None:
    """Do `work` on `fleet` while it is shown.

    Args:
        fleet: the fleet.
        work: gets the gate that each run would have alone, and the card of the fleet, if there is one.
        settings: settings of prompts and sessions.
        magics: the magics, which tell front ends of the fleet; None outside of IPython.
        show: whether to show it.
    """
    _refuse_elsewhere(settings.prompt)
    shell = magics.shell if magics is not None else None
    card = card_of_fleet(fleet, shell) if show else None
    try:
        gate = gate_of(front_end_of_fleet(shell, card, settings.profile), settings)
    except TfmfaError:
        if card is not None:
            card.close()
        raise
    if shell is not None and show:
        show_as_value(fleet, shell, lambda: fleet_bundle(fleet))
    else:
        fleet.bundle = lambda: fleet_bundle(fleet)

    @contextmanager
    def around(run: Run) -> Iterator[None]:
        with shown_to_runner(run), notifying(run, gate.policy, settings.notify, settings.notify_key):
            yield

    fleet.around = around
    notebook = getattr(shell, "kernel", None) is not None
    seen = ShownFleet(fleet, card)
    with magics.showing(seen) if magics is not None else nullcontext():
        async with looking(seen.look), shown(fleet, notebook=notebook, card=card) if show else nullcontext():
            await work(gate, card)


async def interrupted(shell: InteractiveShell, work: Callable[[], Awaitable[None]]) -> bool:
    """Do `work`, which shows a fleet itself; whether it was interrupted."""
    return await interrupted_while_shown(UnseenView(), shell, work)


def _refuse_elsewhere(prompt: str) -> None:
    """Make sure that a fleet does not wait for an answer that nobody can give.

    Raises:
        ConfigurationError: its code would be for all runs, and whoever answers one of them sees only that one.
    """
    if prompt == "elsewhere":
        raise ConfigurationError(
            "A fleet asks for one code for all its runs, which cannot be given from elsewhere: there, a person would "
            "see one run.",
            "Give it on the card or in the terminal, set a token command, or plan the environments one by one.",
        )


def raise_for_stopped(fleet: Fleet) -> None:
    """Report what stopped runs of `fleet` in its last phase, if anything did.

    Raises:
        TfmfaError: the one cause that stopped them.
        FleetStopped: there are several.
    """
    causes = {str(error): error for error in fleet.stopped.values()}
    if len(causes) == 1 and len(fleet.stopped) == len(fleet.names):
        raise next(iter(causes.values()))
    if causes:
        count = f"{len(fleet.stopped):,} of {len(fleet.names):,} environments"
        name, first = next(iter(fleet.stopped.items()))
        raise FleetStopped(f'{count} did not succeed. "{name}": {first.problem}', first.remedy)
