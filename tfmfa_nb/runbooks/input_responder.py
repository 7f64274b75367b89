"""Answers what the kernel asks: our own questions from a command or the terminal, others from the terminal only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import NobodyToAsk, TfmfaError
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.prompts.command import CommandPrompt
from tfmfa_nb.protocol.runner import question_in, reply_with, reply_without
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tfmfa_nb.protocol.runner import RunnerQuestion
    from tfmfa_nb.runbooks.display import Display
    from tfmfa_nb.runbooks.terminal import Terminal


class NoTerminal(TfmfaError):
    """A cell asks for input of its own, and there is no terminal."""


class InputResponder:
    """Answers one kernel's requests for input.

    Args:
        marker: what our own questions begin with.
        command: the token command; "" for none.
        environ: the token command's environment.
        terminal: where a person sits; None for nobody.
        display: told what is waited for; it steps aside while the terminal is used.

    Raises:
        ConfigurationError: the token command cannot be understood.
    """

    def __init__(
        self, marker: str, command: str, environ: Mapping[str, str], terminal: Terminal | None, display: Display
    ) -> None:
        self._marker, self._terminal, self._display = marker, terminal, display
        self._command = CommandPrompt(command, environ=environ, tell=display.say) if command else None

    def question(self, content: dict[str, Any]) -> RunnerQuestion | None:
        """Our own question in a request for input; None for a notebook's own."""
        if not content.get("password"):  # a code is never asked for in the open
            return None
        return question_in(content.get("prompt"), self._marker)

    async def answer(self, content: dict[str, Any]) -> str:
        """The kernel's reply.

        Raises:
            NoTerminal: it is not our question, and there is no terminal.
        """
        question = self.question(content)
        if question is None:
            return await self._others(content)
        if question.kind == "code" and self._command is not None:
            return await self._from_command(self._command, question)
        if self._terminal is not None:
            return await self._from_person(self._terminal, question)
        if question.kind != "code":
            reason = (
                "A confirmation is needed, and there is no terminal to give one. "
                "Plan with %%tfplan and apply with %tfapply in cells of their own, or give --auto-approve."
            )
        else:
            reason = (
                "An MFA code is needed, but there is no terminal to ask at, and no token command. "
                "Give --token-command (or TFMFA_TOKEN_COMMAND) a command that prints the code."
            )
        return reply_without(reason)

    async def _from_command(self, command: CommandPrompt, question: RunnerQuestion) -> str:
        if command.attempts is not None and question.attempt > command.attempts:
            return reply_without(f"The token command's codes were refused {command.attempts} times. {question.refusal}")
        if question.refusal:
            self._display.say(question.refusal)
        # The command is told nothing, so that the request needs no more than what makes the code's device known.
        request = CodeRequest(Phase.PLAN, "", None, question.serial_number, None, question.attempt)
        try:
            code = await command.ask(request)
        except NobodyToAsk as error:
            return reply_without(str(error))
        try:
            return reply_with(code.reveal())
        finally:
            code.forget()

    async def _from_person(self, terminal: Terminal, question: RunnerQuestion) -> str:
        with self._display.aside():
            if question.refusal:
                terminal.say(f"[MFA failed] {plain(question.refusal)}")
            hidden = question.kind == "code"
            text = question.text if hidden else f"{question.text} Only 'yes' is accepted: "
            typed = await terminal.read(plain(text), hidden=hidden)
        if not typed:
            return reply_without()  # the prompt was left
        try:
            return reply_with(typed.reveal())
        finally:
            typed.forget()

    async def _others(self, content: dict[str, Any]) -> str:
        text = plain(str(content.get("prompt", "")))
        if self._terminal is None:
            asked = f" asks: {text.strip()}" if text.strip() else " asks for input"
            raise NoTerminal(
                f"The cell{asked} (there is no terminal to answer at).", "Make it a parameter, and give it with -p."
            )
        with self._display.aside():
            typed = await self._terminal.read(text, hidden=bool(content.get("password")))
        return "\x04" if typed is None else typed.reveal()  # ipykernel's end of the input
