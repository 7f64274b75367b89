"""The card while a run goes on, and what stays of it: the static summary takes the card's place at the end.

A widget's output is gone when the notebook is opened without its kernel, so none is left in the notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import display

from tfmfa_nb.prompts.form import FormPrompt
from tfmfa_nb.prompts.form_or_terminal import FormOrTerminalPrompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.views.card import RunCard
from tfmfa_nb.views.static import leave_summary

if TYPE_CHECKING:
    from IPython.core.display_functions import DisplayHandle

    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.run import Run


class CardView:
    """Shows `run` on a card.

    Args:
        run: the run.
        answers: whether this kernel delivers a widget's events to a running cell.
    """

    stdin = True

    def __init__(self, run: Run, *, answers: bool) -> None:
        self._run = run
        self._card = RunCard(run)
        self._answers = answers
        self._handle: DisplayHandle | None = None

    def prompt(self) -> Prompt:
        """The form on the card, where the card can answer."""
        return FormOrTerminalPrompt(FormPrompt(self._card)) if self._answers else TerminalPrompt()

    def begin(self) -> None:
        """Show the card."""
        self._handle = display(self._card, display_id=True)

    def end(self) -> None:
        """Put the static summary in the card's place."""
        if self._handle is not None:
            leave_summary(self._run, self._handle)
        self._card.close()
