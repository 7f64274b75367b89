"""`--each` of `%tfplan` and `%tfapply`, and the fleets of `%tfruns`: many environments, each phase under one code."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.magics.arguments import options_of
from tfmfa_nb.magics.defined_options import option_of_plan
from tfmfa_nb.magics.fleet_calls import check_not_restricted
from tfmfa_nb.magics.fleet_following import follow_in_cell, show_fleets, take_up
from tfmfa_nb.magics.fleet_presentation import go_fleet, interrupted, raise_for_stopped
from tfmfa_nb.magics.fleet_words import meant, pace_of, terraform_of
from tfmfa_nb.magics.run_phases import check_may_change
from tfmfa_nb.model.errors import RunCanceled, RunStateError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Awaitable, Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.magics.magics import TfmfaMagics
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.views.fleet_card import FleetCard

_ID = re.compile(r"fleet-\d{8}-")


class FleetMagics:
    """The magics of fleets.

    Args:
        shell: shell of the magics.
        magics: the magics of plans and applies, with their settings.
    """

    def __init__(self, shell: InteractiveShell, magics: TfmfaMagics) -> None:
        self._shell, self._magics = shell, magics
        self._fleets: dict[str, Fleet] = {}
        self._earlier: list[Fleet] = []  # some of whose plans may still wait
        self._followed: dict[str, Fleet] = {}  # whose plans are not this kernel's to discard

    def close(self) -> None:
        """Discard the plans that wait for their apply."""
        for fleet in (*self._earlier, *self._fleets.values()):
            fleet.discard()
        self._earlier.clear()
        self._fleets.clear()
        self._followed.clear()

    async def perform(self, what: str, arguments: Namespace, cell: str | None) -> Fleet | None:
        """Perform a phase ("plan", "apply") of the fleet that `--each` names, or a command of `%tfruns` on fleets.

        Args:
            what: "plan", "apply"; "list" for naming the fleets of the folder, "follow" for following or canceling one.
            arguments: the parsed line.
            cell: the cell below it; None for none.

        Raises:
            UsageError, TfmfaError: see `plan`, `apply`, and `follow_in_cell`.
        """
        if what == "list":
            show_fleets(arguments.chdir or arguments.environment or "")
            return None
        if what == "follow":
            return await self.follow(arguments)
        _refuse_one_environment(arguments)
        check_not_restricted()
        return await (self.plan if what == "plan" else self.apply)(arguments, cell)

    async def plan(self, arguments: Namespace, cell: str | None) -> Fleet:
        """Plan the fleet that `--each` names.

        Raises:
            UsageError: an option does not go with it.
            TfmfaError: a run was stopped; the others are planned.
        """
        options = replace(options_of(arguments), configuration=cell)
        options.check()
        members = members_of(meant(arguments.each, self._shell), Path.cwd(), options)
        fleet, pace = Fleet(members, Path.cwd()), pace_of(arguments)
        if before := self._fleets.get(arguments.each):
            self._earlier.append(before)  # each plan is discarded as soon as there is another one of its environment
        self._fleets[arguments.each] = fleet
        terraform = terraform_of(arguments, self._shell)
        await self._go(fleet, lambda gate, _: fleet.plan(gate, pace, terraform))
        return fleet

    async def apply(self, arguments: Namespace, cell: str | None) -> Fleet:
        """Apply the plans of the fleet that was planned with the same `--each`, or that has this ID.

        Raises:
            UsageError: an option does not go with it.
            RunStateError: there is no such fleet, another kernel goes on with it, or there is no plan to apply.
            TfmfaError: a run was stopped; the others are applied.
        """
        if cell is not None:
            raise UsageError(
                "%%tfapply --each: plan the fleet first, with %tfplan, then apply its plans in a cell of one line"
            )
        if option := option_of_plan(arguments):
            raise UsageError(f"%tfapply: {option} cannot change a saved plan; use it with %tfplan")
        fleet = await self._known(arguments.each)
        check_may_change(f"{len(fleet.applicable)} environments")
        pace, confirm = pace_of(arguments), not arguments.auto_approve
        terraform = terraform_of(arguments, self._shell)

        async def work(gate: Gate, card: FleetCard | None) -> None:
            # What the person chooses on the card is confirmed by that.
            chooses = card is not None and confirm and not arguments.only and fleet.applicable
            if card is not None and chooses and await card.wait_for_front_end(card.patience):
                chosen = await card.choose(pace.at_once, pace.canary, pace.stop_after)
                own = replace(pace, at_once=chosen.at_once, canary=chosen.canary, stop_after=chosen.stop_after)
                await fleet.apply(gate, own, chosen.names, terraform=terraform)
            else:
                await fleet.apply(gate, pace, arguments.only or None, confirm=confirm, terraform=terraform)

        await self._go(fleet, work)
        return fleet

    async def follow(self, arguments: Namespace) -> Fleet:
        """Follow, or cancel, all runs of the fleet that `%tfruns` names; `%tfapply --each ID` then applies its plans.

        Raises:
            UsageError, TfmfaError: as `follow_in_cell` does, or what stopped the runs.
        """
        fleet = await follow_in_cell(arguments, self._shell, self._magics)
        self._followed[fleet.id] = fleet
        if arguments.what != "cancel" or not all(isinstance(each, RunCanceled) for each in fleet.errors.values()):
            raise_for_stopped(fleet)
        return fleet

    async def _known(self, each: str) -> Fleet:
        """The fleet that was planned with this `--each`, or that has this ID, in whichever kernel.

        Raises:
            RunStateError: there is none, or another kernel goes on with it.
        """
        known = {**self._followed, **{each.id: each for each in self._fleets.values()}, **self._fleets}
        if each in known:
            return known[each]
        if not _ID.match(each):
            raise RunStateError(f"This kernel has no plans of --each {each}.", f"Plan them: %tfplan --each {each}")
        fleet = await take_up(each, self._magics)
        self._followed[fleet.id] = fleet
        return fleet

    async def _go(self, fleet: Fleet, work: Callable[[Gate, FleetCard | None], Awaitable[None]]) -> None:
        async def show() -> None:
            await go_fleet(fleet, work, self._magics, self._magics)

        if await interrupted(self._shell, show):
            raise RunCanceled("The fleet was interrupted.", "Finished changes are in the states.")
        raise_for_stopped(fleet)


def _refuse_one_environment(arguments: Namespace) -> None:
    if not arguments.each:
        raise UsageError("--on runs a fleet: name its environments with --each")
    if arguments.environment is not None or arguments.chdir is not None:
        raise UsageError("--each names many environments, so it cannot be used with -e or -C")
    if arguments.wait:
        raise UsageError(
            "--each asks for one code for all runs, which cannot be given from elsewhere, so it has no --wait"
        )
