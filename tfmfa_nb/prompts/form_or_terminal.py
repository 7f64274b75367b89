"""The prompt on the card, with the terminal's in its place where no front end displays the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.prompts.form import FormPrompt, NoFrontEnd, why_here
from tfmfa_nb.prompts.terminal import TerminalPrompt

if TYPE_CHECKING:
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.prompts import CodeRequest


class FormOrTerminalPrompt:
    """Asks on the card; where no front end displays it, as in a console, says so and asks on the kernel's stdin."""

    max_attempts: int | None = None

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
