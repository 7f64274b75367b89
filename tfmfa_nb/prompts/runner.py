"""Asks the program that executes the notebook, which asks whoever started it."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import NobodyToAsk, RunCanceled
from tfmfa_nb.protocol.runner import NoAnswer, RunnerQuestion, prompt_of, read_reply

if TYPE_CHECKING:
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.prompts import CodeRequest


class RunnerPrompt:
    """`jupyter tfmfa run`; it decides itself how often it lets itself be asked.

    Args:
        marker: what the runner knows our questions by.
    """

    attempts: int | None = None

    def __init__(self, marker: str) -> None:
        self._marker = marker

    async def ask(self, request: CodeRequest) -> Secret:
        """The code that the runner was given.

        Raises:
            RunCanceled: the person left the prompt.
            NobodyToAsk: the runner has nobody to ask.
            AuthenticationError: organization variables are missing, or wrong.
        """
        request.refuse_other_variables()
        refusal = f"{request.refusal.problem} {request.refusal.remedy}".strip() if request.refusal else ""
        question = RunnerQuestion(
            kind="code",
            text=request.text(),
            serial_number=request.serial_number,
            refusal=refusal,
            attempt=request.attempt,
        )
        return self._read(question, "No code was entered: the run was canceled.")

    async def confirm(self, question: str) -> bool:
        """Whether "yes" was typed, the word that Terraform itself asks for."""
        asked = RunnerQuestion(kind="confirmation", text=question)
        return self._read(asked, "Nothing was confirmed: the run was canceled.").reveal().strip() == "yes"

    def _read(self, question: RunnerQuestion, canceled: str) -> Secret:
        # `getpass.getpass` is looked up now: a kernel replaces it for each request.
        try:
            answer = read_reply(getpass.getpass(prompt_of(question, self._marker)))
        except (EOFError, KeyboardInterrupt):
            answer = NoAnswer("")
        if isinstance(answer, NoAnswer):
            if answer.reason:
                raise NobodyToAsk(answer.reason)
            raise RunCanceled(canceled)
        if not answer.reveal().strip():
            raise RunCanceled(canceled)
        return answer
