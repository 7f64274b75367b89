"""Answers a kernel's requests for input.

A request of this package, for a code or a confirmation, is answered by the token command or at the terminal, if it fits
the cell; a request of the notebook's own, such as `input()`, at the terminal only, where it is marked.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable, TfmfaError
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.prompts.token_command import CommandPrompt
from tfmfa_nb.protocol.runner import question_in, reply_with, reply_without
from tfmfa_nb.protocol.words import lock_indicator_name
from tfmfa_nb.runbooks.current_cell import CurrentCell
from tfmfa_nb.runbooks.notebook_question import marked
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tfmfa_nb.protocol.runner import RunnerQuestion
    from tfmfa_nb.runbooks.current_cell import CodePrompt
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
        display: shows what the token command is used for; suspended while the terminal is in use.
        check_phase: makes sure that a prompt that the cell displays is open; see `check_phase_is_open`.

    Attributes:
        cell: the cell that the kernel executes.
        codes: how many codes each run was given, by the environment's folder and the run's id.

    Raises:
        ConfigurationError: the token command is not valid.
    """

    def __init__(
        self,
        marker: str,
        command: str,
        environ: Mapping[str, str],
        terminal: Terminal | None,
        display: Display,
        *,
        check_phase: Callable[[CodePrompt], None],
    ) -> None:
        self._marker, self._terminal, self._display = marker, terminal, display
        self._command = CommandPrompt(command, environ=environ) if command else None
        self._check_phase = check_phase
        self.cell = CurrentCell()
        self.codes: Counter[tuple[str, str]] = Counter()

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
        try:
            return await self._answer(question)
        except PromptUnavailable as error:
            return reply_without(str(error))

    async def _answer(self, question: RunnerQuestion) -> str:
        """The reply to this package's question.

        Raises:
            PromptUnavailable: the question does not fit the cell, or cannot be answered.
        """
        prompt = await self._prompt_of(question)
        if prompt is not None and self._command is not None:
            return await self._ask_command(self._command, question, prompt)
        if self._terminal is not None:
            return await self._ask_person(self._terminal, question, prompt)
        if prompt is None:
            raise PromptUnavailable(
                "A confirmation is required, but there is no terminal.",
                "Plan with %%tfplan and apply with %tfapply in separate cells, or add --auto-approve.",
            )
        raise PromptUnavailable(
            "An MFA code is required, but there is no terminal and no token command.",
            "Set --token-command (or TFMFA_TOKEN_COMMAND) to a command that prints the code.",
        )

    async def _prompt_of(self, question: RunnerQuestion) -> CodePrompt | None:
        """The prompt of a run that the question is about; None for a confirmation.

        Raises:
            PromptUnavailable: the question does not fit the cell, which the person is told whatever the cell says.
        """
        try:
            if question.kind == "code":
                prompt = await self.cell.take_prompt()
                self._check_phase(prompt)
                return prompt
            self.cell.check_magic()
        except PromptUnavailable as error:
            self._display.note(str(error))
            raise
        return None

    async def _ask_command(self, command: CommandPrompt, question: RunnerQuestion, prompt: CodePrompt) -> str:
        if command.max_attempts is not None and prompt.attempt > command.max_attempts:
            raise PromptUnavailable(
                f"{command.max_attempts} codes of the token command were used for this {prompt.phase}.",
                question.refusal,
            )
        if question.refusal:
            self._display.note(one_line(question.refusal))
        told: list[str] = []

        def tell(sentence: str) -> None:
            told.append(one_line(sentence))
            self._display.note(told[-1])

        request = CodeRequest(
            phase=prompt.phase,
            environment=prompt.environment,
            identity=None,
            serial_number=question.serial_number,
            refusal=None,
            attempt=prompt.attempt,
            tell=tell,
        )
        try:
            code = await command.ask(request)
        except PromptUnavailable as error:
            self._display.note(one_line(str(error)))  # a use, too, and the cell may keep silent about it
            raise
        self.codes[prompt.folder, prompt.run] += 1
        try:
            return reply_with(code.reveal(), " ".join(told))
        finally:
            code.forget()

    async def _ask_person(self, terminal: Terminal, question: RunnerQuestion, prompt: CodePrompt | None) -> str:
        with self._display.suspended():
            if question.refusal:
                terminal.say(f"[{lock_indicator_name(LockIndicator.FAILED)}] {one_line(question.refusal)}")
            for line in question.decision:
                terminal.say(one_line(line))
            hidden = question.kind == "code"
            text = question.text if hidden else f"{question.text} Only '{question.word}' will be accepted to approve: "
            typed = await terminal.read(one_line(text), hidden=hidden)
        if not typed:
            return reply_without()  # the prompt was left
        if prompt is not None:
            self.codes[prompt.folder, prompt.run] += 1
        try:
            return reply_with(typed.reveal())
        finally:
            typed.forget()

    async def _from_terminal(self, content: dict[str, Any]) -> str:
        text = str(content.get("prompt", "")).strip()
        if self._terminal is None:
            prompt = f" ({one_line(text)})" if text else ""
            raise NoTerminal(
                f"the notebook asks for input{prompt}, but there is no terminal.",
                "Replace the input with a parameter, and set it with -p.",
            )
        question = marked(text, self.cell.number, self._terminal.columns)
        with self._display.suspended():
            typed = await self._terminal.read(question, hidden=bool(content.get("password")))
        return END_OF_INPUT if typed is None else typed.reveal()
