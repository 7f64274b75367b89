"""Asks the program that executes the notebook, which asks whoever started it."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.protocol.runner import Question, read_reply

if TYPE_CHECKING:
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
            PromptUnavailable: the runner has nobody to ask.
            AuthenticationError: organization variables are missing, or wrong.
        """
        request.refuse_wrong_variables()
        refusal = f"{request.refusal.problem} {request.refusal.remedy}".strip() if request.refusal else ""
        question = Question("code", request.text(), request.serial_number, refusal, request.attempt)
        return Secret(self._read(question, "No code was entered: the run was canceled."))

    async def confirm(self, question: str) -> bool:
        """Whether "yes" was typed, the word that Terraform itself asks for."""
        answer = self._read(Question("confirmation", question), "Nothing was confirmed: the run was canceled.")
        return answer.strip() == "yes"

    def _read(self, question: Question, left: str) -> str:
        # `getpass.getpass` is looked up now: a kernel replaces it for each request.
        try:
            answer, refusal = read_reply(getpass.getpass(question.encode(self._marker)))
        except (EOFError, KeyboardInterrupt):
            answer, refusal = None, ""
        if refusal:
            raise PromptUnavailable(refusal)
        if not answer or not answer.strip():
            raise RunCanceled(left)
        return answer
