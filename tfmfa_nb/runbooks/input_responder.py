"""Answers a kernel's requests for input.

A request of this package, for a code or a confirmation, is answered by the token command or at the terminal; a request
of the notebook's own, such as `input()`, at the terminal only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable, TfmfaError
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.prompts.token_command import CommandPrompt
from tfmfa_nb.protocol.runner import question_in, reply_with, reply_without
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tfmfa_nb.protocol.runner import RunnerQuestion
    from tfmfa_nb.runbooks.display import Display
    from tfmfa_nb.runbooks.terminal import Terminal

END_OF_INPUT = "\x04"
"""The reply at which ipykernel raises EOFError in the cell."""


class NoTerminal(TfmfaError):
    """A cell requests input, and there is no terminal."""


class InputResponder:
    """Answers one kernel's requests for input.

    Args:
        marker: the prefix of this package's questions.
        command: the token command; "" for none.
        environ: the token command's process environment.
        terminal: where a person can answer; None if there is none.
        display: shows what the token command waits for; suspended while the terminal is in use.

    Raises:
        ConfigurationError: the token command is not valid.
    """

    def __init__(
        self, marker: str, command: str, environ: Mapping[str, str], terminal: Terminal | None, display: Display
    ) -> None:
        self._marker, self._terminal, self._display = marker, terminal, display
        self._command = CommandPrompt(command, environ=environ, notify=display.note) if command else None

    def question(self, content: dict[str, Any]) -> RunnerQuestion | None:
        """This package's question in a request for input; None for a request of the notebook's own."""
        if not content.get("password"):  # a code is never typed with an echo
            return None
        return question_in(content.get("prompt"), self._marker)

    async def answer(self, content: dict[str, Any]) -> str:
        """The kernel's reply.

        Raises:
            NoTerminal: the request is the notebook's own, and there is no terminal.
        """
        question = self.question(content)
        if question is None:
            return await self._from_terminal(content)
        if question.kind == "code" and self._command is not None:
            return await self._ask_command(self._command, question)
        if self._terminal is not None:
            return await self._ask_person(self._terminal, question)
        if question.kind != "code":
            return reply_without(
                "A confirmation is required, but there is no terminal. "
                "Plan with %%tfplan and apply with %tfapply in separate cells, or add --auto-approve."
            )
        return reply_without(
            "An MFA code is required, but there is no terminal and no token command. "
            "Set --token-command (or TFMFA_TOKEN_COMMAND) to a command that prints the code."
        )

    async def _ask_command(self, command: CommandPrompt, question: RunnerQuestion) -> str:
        if command.max_attempts is not None and question.attempt > command.max_attempts:
            return reply_without(
                f"AWS rejected the token command's codes {command.max_attempts} times. {question.refusal}"
            )
        if question.refusal:
            self._display.note(question.refusal)
        # The command gets no arguments: the request needs only the device, whose used codes are known.
        request = CodeRequest(Phase.PLAN, "", None, question.serial_number, None, question.attempt)
        try:
            code = await command.ask(request)
        except PromptUnavailable as error:
            return reply_without(str(error))
        try:
            return reply_with(code.reveal())
        finally:
            code.forget()

    async def _ask_person(self, terminal: Terminal, question: RunnerQuestion) -> str:
        with self._display.suspended():
            if question.refusal:
                terminal.say(f"[MFA failed] {plain(question.refusal)}")
            hidden = question.kind == "code"
            text = question.text if hidden else f"{question.text} Only 'yes' will be accepted to approve: "
            typed = await terminal.read(plain(text), hidden=hidden)
        if not typed:
            return reply_without()  # the prompt was left
        try:
            return reply_with(typed.reveal())
        finally:
            typed.forget()

    async def _from_terminal(self, content: dict[str, Any]) -> str:
        text = plain(str(content.get("prompt", "")))
        if self._terminal is None:
            prompt = f" ({text.strip()})" if text.strip() else ""
            raise NoTerminal(
                f"input requested{prompt}, but there is no terminal.",
                "Replace the input with a parameter, and set it with -p.",
            )
        with self._display.suspended():
            typed = await self._terminal.read(text, hidden=bool(content.get("password")))
        return END_OF_INPUT if typed is None else typed.reveal()
