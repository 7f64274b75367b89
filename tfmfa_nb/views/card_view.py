"""The card while a run goes on, and what stays of it: the static summary takes the card's place at the end.

A widget's output is gone when the notebook is opened without its kernel, so none is left in the notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import display

from tfmfa_nb.prompts.form import FormPrompt, NoFrontEnd, why_here
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.views.card import RunCard
from tfmfa_nb.views.static import leave_summary

if TYPE_CHECKING:
    from IPython.core.display_functions import DisplayHandle

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.prompts import CodeRequest, Prompt
    from tfmfa_nb.runs.run import Run


class FormElseTerminal:
    """Asks on the card; where no front end displays it, as in a console, says so and asks on the kernel's stdin."""

    attempts: int | None = None

    def __init__(self, form: FormPrompt) -> None:
        self._form = form
        self._terminal: TerminalPrompt | None = None

    async def ask(self, request: CodeRequest) -> Secret:
        """The code, from wherever the person is."""
        if self._terminal is None:
            try:
                return await self._form.ask(request)
            except NoFrontEnd:
                self._terminal = _terminal()
        return await self._terminal.ask(request)

    async def confirm(self, question: str) -> bool:
        """Whether the person says yes."""
        if self._terminal is None:
            try:
                return await self._form.confirm(question)
            except NoFrontEnd:
                self._terminal = _terminal()
        return await self._terminal.confirm(question)


def _terminal() -> TerminalPrompt:
    print(why_here("run card"))  # noqa: T201 - beside the question itself
    return TerminalPrompt()


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
        return FormElseTerminal(FormPrompt(self._card)) if self._answers else TerminalPrompt()

    def begin(self) -> None:
        """Show the card."""
        self._handle = display(self._card, display_id=True)

    def end(self) -> None:
        """Put the static summary in the card's place."""
        if self._handle is not None:
            leave_summary(self._run, self._handle)
        self._card.close()
