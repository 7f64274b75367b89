"""A fleet in the status bar and the runs panel: one entry, with the traits of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Bool, Dict, HasTraits, Unicode

from tfmfa_nb.views.fleet_matrix import environments_text
from tfmfa_nb.views.fleet_state import speaking_run
from tfmfa_nb.views.fleet_statuses import first_status, fleet_statuses, stands_text
from tfmfa_nb.views.open_cards import card_closed, card_opened

if TYPE_CHECKING:
    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.views.fleet_card import FleetCard


class ShownFleet(HasTraits):
    """Shows `fleet` as one entry; `look` updates it.

    Args:
        fleet: the fleet.
        card: its card; None for none.

    Attributes:
        fleet: `fleet`.
        stands: how many environments are in which status.
    """

    id = Unicode()
    environment = Unicode()
    phase = Unicode()
    status = Unicode()
    level = Unicode()
    lock_indicator = Unicode("open")
    canceling = Bool()
    question = Dict()
    stands = Unicode()

    def __init__(self, fleet: Fleet, card: FleetCard | None = None) -> None:
        self.fleet, self._card = fleet, card
        self._card_id = "" if card is None else str(card.model_id)
        super().__init__(id=fleet.id, environment=environments_text(len(fleet.names)))
        if card is not None:
            card_opened(self, self._card_id)
        self.look()

    def look(self) -> None:
        """Show how the fleet stands, and cancel it if another kernel has asked for that."""
        if self.fleet.canceled_elsewhere:
            self.cancel()
        if self._card is not None and self._card.closed:
            card_closed(self, self._card_id)
        run = speaking_run(self.fleet)
        statuses = fleet_statuses(self.fleet)
        with self.hold_trait_notifications():
            self.status = first_status(statuses)
            self.stands = stands_text(statuses)
            self.phase = str(self.fleet.phase)
            self.canceling = self.fleet.canceling
            self.question = self._question()
            if run is not None:
                self.level, self.lock_indicator = str(run.level), str(run.lock_indicator)

    def cancel(self) -> None:
        """Cancel the fleet, and what its card asks; on any thread."""
        if self._card is not None and not self._card.closed:
            self._card.cancel()
        else:
            self.fleet.cancel()

    def _question(self) -> dict[str, Any]:
        kind = "" if self._card is None else self._card.asks
        return {"kind": kind} if kind else {}
