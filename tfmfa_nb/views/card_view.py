"""The card while a run is running; the static summary replaces it at the end.

The output of a widget is lost when the notebook is opened without its kernel, so none is left in the notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import display

from tfmfa_nb.views.card import RunCard
from tfmfa_nb.views.sanitize import plain
from tfmfa_nb.views.static import leave_summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.display_functions import DisplayHandle

    from tfmfa_nb.runs.run import Run


class CardView:
    """Shows `run` on a card.

    Args:
        run: the run.
        card: its card, which this view shows and closes.
    """

    def __init__(self, run: Run, card: RunCard) -> None:
        self._run, self._card = run, card
        self._handle: DisplayHandle | None = None

    def begin(self) -> None:
        """Show the card."""
        self._handle = display(self._card, display_id=True)

    def end(self) -> None:
        """Put the static summary in the card's place."""
        if self._handle is not None:
            leave_summary(self._run, self._handle)
        self._card.close()


def show_past(run: Run) -> Callable[[], None]:
    """Show the card of a run that is not running, below its summary.

    Returns:
        A function that closes the card, and leaves the path of the log in its place.
    """
    card = RunCard(run)
    handle = display(card, display_id=True)

    def close() -> None:
        if handle is not None:
            handle.update({"text/plain": f"Full log: {plain(run.log_path)}"}, raw=True)
        card.close()

    return close
