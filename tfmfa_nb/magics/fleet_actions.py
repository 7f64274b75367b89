"""What the runs panel does with fleets: opens the card of one beside the notebook, and cancels one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tfmfa_nb.fleet.followed_runs import check_goes_on, follow_fleet, restored_fleet
from tfmfa_nb.fleet.known_fleets import known_fleet, remembered_one
from tfmfa_nb.views.fleet_view import looking
from tfmfa_nb.views.open_cards import open_card

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.organization.policy import Policy

_MAX_CARDS = 8  # that a person looks at side by side


class FleetActions:
    """Acts on the running event loop.

    Args:
        shown: gives the `ShownFleet` of this kernel; None for none.
        read_policy: reads the organization policy.
    """

    def __init__(self, shown: Callable[[], Any], read_policy: Callable[[], Policy]) -> None:
        self._shown, self._read_policy = shown, read_policy
        self._open: dict[str, asyncio.Task[None]] = {}

    async def open(self, fleet_id: str, base: Path) -> str:
        """Open a card of a fleet, and follow its runs if another kernel drives them.

        Returns:
            The model ID of the card, which any page can show.

        Raises:
            TfmfaError: there is no such fleet, or the policy cannot be read.
        """
        shown = self._shown()
        if shown is not None and shown.id == fleet_id and (card := open_card(shown)):
            return card
        record, policy = await asyncio.to_thread(remembered_one, fleet_id, base), self._read_policy()
        known = known_fleet(record.id)
        own = known if known is not None and known.at_once else None
        for other in [record.id, *[*self._open][: max(0, len(self._open) - _MAX_CARDS + 1)]]:
            if task := self._open.pop(other, None):
                task.cancel()
        opened: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        fleet = own or restored_fleet(record, base)
        following = None if own else lambda: follow_fleet(fleet, record, policy)
        self._open[record.id] = asyncio.ensure_future(self._show(fleet, following, opened))
        return await opened

    async def cancel(self, fleet_id: str, base: Path) -> str:
        """Cancel a fleet.

        Returns:
            What was done, in a sentence.

        Raises:
            TfmfaError: it is not running, or the kernel that drives it cannot be told.
        """
        shown = self._shown()
        if shown is not None and shown.id == fleet_id:
            shown.cancel()
            return f"{fleet_id} is being canceled."
        record = await asyncio.to_thread(remembered_one, fleet_id, base)
        await asyncio.to_thread(check_goes_on, record, base)
        fleet = restored_fleet(record, base)
        fleet.cancel()
        await follow_fleet(fleet, record, self._read_policy())
        return f"{fleet_id} is canceled."

    def close(self) -> None:
        """Close the cards, and stop following; Terraform continues."""
        for task in self._open.values():
            task.cancel()

    async def _show(
        self, fleet: Fleet, following: Callable[[], Awaitable[None]] | None, opened: asyncio.Future[str]
    ) -> None:
        from tfmfa_nb.views.fleet_card import FleetCard  # noqa: PLC0415 - widgets are heavy

        card = FleetCard(fleet)
        opened.set_result(str(card.model_id))
        try:
            async with looking(card.look):
                if following is not None:
                    await following()
                await asyncio.Event().wait()  # until it is closed
        finally:
            card.close()
