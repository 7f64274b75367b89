"""The prompt on the card, with the terminal's in its place where no front end displays the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.model.visible import say
from tfmfa_nb.prompts.form import FormPrompt, NoFrontEnd, why_here
from tfmfa_nb.prompts.terminal import TerminalPrompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.model.errors import PromptUnavailable
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.prompts import CodeRequest


class FormOrTerminalPrompt:
    """Asks on the card; where no front end displays it, as in a console, says so and asks on the kernel's stdin."""

    kind: PromptKind | None = PromptKind.FORM
    max_attempts: int | None = None

    def __init__(self, form: FormPrompt) -> None:
        self._form = form
        self._terminal: TerminalPrompt | None = None
        self._terminal_error: PromptUnavailable | None = None

    def disallow_terminal(self, error: PromptUnavailable) -> None:
        """Ask for codes on the card only, and raise `error` where no front end displays it."""
        self._terminal_error = error

    async def ask(self, request: CodeRequest) -> Secret:
        """The code, from wherever the person is.

        Raises:
            PromptUnavailable: no front end displays the card, and the policy does not allow the terminal.
        """
        if self._terminal is None:
            try:
                return await self._form.ask(request)
            except NoFrontEnd:
                self._terminal = _terminal()
        if self._terminal_error is not None:
            raise self._terminal_error
        return await self._terminal.ask(request)

    async def confirm(self, question: str, *, decision: Sequence[str] = (), word: str = "") -> bool:
        """Whether the person says yes."""
        if self._terminal is None:
            try:
                return await self._form.confirm(question, decision=decision, word=word)
            except NoFrontEnd:
                self._terminal = _terminal()
        return await self._terminal.confirm(question, decision=decision, word=word)


def _terminal() -> TerminalPrompt:
    say(why_here("run card"))
    return TerminalPrompt()
