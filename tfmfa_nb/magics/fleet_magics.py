"""`%tfplan --each` and `%tfapply --each`: many environments, each phase under one authentication."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from tfmfa_nb.fleet.fleet import Fleet
from tfmfa_nb.fleet.members import members_of
from tfmfa_nb.fleet.turns import Pace
from tfmfa_nb.magics.arguments import options_of
from tfmfa_nb.magics.defined_options import option_of_plan
from tfmfa_nb.magics.fleet_calls import check_not_restricted, go_fleet, raise_for_stopped
from tfmfa_nb.magics.interruption import interrupted_while_shown
from tfmfa_nb.magics.presentation import check_may_change
from tfmfa_nb.model.errors import RunCanceled, RunStateError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Awaitable, Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.magics.magics import TfmfaMagics
    from tfmfa_nb.runs.gate.gate import Gate

_NUMBERS = ("at_once", "canary", "stop_after")
_MOST = 1_000


class FleetMagics:
    """The magics of fleets.

    Args:
        shell: shell of the magics.
        magics: the magics of plans and applies, with their settings.
    """

    def __init__(self, shell: InteractiveShell, magics: TfmfaMagics) -> None:
        self._shell, self._magics = shell, magics
        self._fleets: dict[str, Fleet] = {}

    def close(self) -> None:
        """Discard the plans that wait for their apply."""
        for fleet in self._fleets.values():
            fleet.discard()
        self._fleets.clear()

    async def perform(self, phase: str, arguments: Namespace, cell: str | None) -> Fleet:
        """Perform a phase ("plan", "apply") of the fleet that `--each` names.

        Raises:
            UsageError, TfmfaError: see `plan` and `apply`.
        """
        _refuse_one_environment(arguments)
        check_not_restricted()
        return await (self.plan if phase == "plan" else self.apply)(arguments, cell)

    async def plan(self, arguments: Namespace, cell: str | None) -> Fleet:
        """Plan the fleet that `--each` names.

        Raises:
            UsageError: an option does not go with it.
            TfmfaError: a run was stopped; the others are planned.
        """
        options = replace(options_of(arguments), configuration=cell)
        options.check()
        each = (
            self._shell.user_ns.get(arguments.each, arguments.each) if arguments.each.isidentifier() else arguments.each
        )
        fleet, pace = Fleet(members_of(each, Path.cwd(), options), Path.cwd()), _pace(arguments)
        if before := self._fleets.get(arguments.each):
            before.discard()
        self._fleets[arguments.each] = fleet
        await self._go(fleet, lambda gate: fleet.plan(gate, pace))
        return fleet

    async def apply(self, arguments: Namespace, cell: str | None) -> Fleet:
        """Apply the plans of the fleet that was planned with the same `--each`.

        Raises:
            UsageError: an option does not go with it.
            RunStateError: this kernel has not planned it, or an environment has no plan to apply.
            TfmfaError: a run was stopped; the others are applied.
        """
        if cell is not None:
            raise UsageError(
                "%%tfapply --each: plan the fleet first, with %%tfplan, then apply its plans in a cell of one line"
            )
        if option := option_of_plan(arguments):
            raise UsageError(f"%tfapply: {option} cannot change a saved plan; use it with %%tfplan")
        fleet = self._fleets.get(arguments.each)
        if fleet is None:
            raise RunStateError(
                f"This kernel has no plans of --each {arguments.each}.", f"Use: %tfplan --each {arguments.each}"
            )
        check_may_change(f"{len(fleet.applicable)} environments")
        pace, confirm = _pace(arguments), not arguments.auto_approve
        await self._go(fleet, lambda gate: fleet.apply(gate, pace, arguments.only or None, confirm=confirm))
        return fleet

    async def _go(self, fleet: Fleet, work: Callable[[Gate], Awaitable[None]]) -> None:
        async def show() -> None:
            await go_fleet(fleet, work, self._magics, self._shell)

        self._magics.active_runs += 1
        try:
            if await interrupted_while_shown(_Unseen(), self._shell, show):
                raise RunCanceled("The fleet was interrupted.", "Finished changes are in the states.")
        finally:
            self._magics.active_runs -= 1
        raise_for_stopped(fleet)


class _Unseen:
    """The fleet's own view shows it."""

    def begin(self) -> None:
        pass

    def end(self) -> None:
        pass


def _refuse_one_environment(arguments: Namespace) -> None:
    if arguments.environment is not None or arguments.chdir is not None:
        raise UsageError("--each names many environments, so it cannot be used with -e or -C")


def _pace(arguments: Namespace) -> Pace:
    numbers = {}
    for name in _NUMBERS:
        text = getattr(arguments, name, "")
        if text and not (text.isdecimal() and text.isascii() and 0 < int(text) <= _MOST):
            raise UsageError(f"--{name.replace('_', '-')} {text!r} is not a number from 1 to {_MOST:,}")
        numbers[name] = int(text or 0)
    return Pace(**numbers, stop_if_refused=arguments.stop_if_refused)
