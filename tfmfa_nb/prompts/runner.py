"""The prompt through `jupyter tfmfa run`, the program that executes the notebook."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.protocol.runner import Question, read_reply

if TYPE_CHECKING:
    from tfmfa_nb.prompts import CodeRequest


class RunnerPrompt:
    """Prompts through the runner, which limits the number of attempts itself.

    Args:
        marker: marker by which the runner recognizes this package's questions.
    """

    max_attempts: int | None = None

    def __init__(self, marker: str) -> None:
        self._marker = marker

    async def ask(self, request: CodeRequest) -> Secret:
        """The code that the runner returns.

        Raises:
            RunCanceled: the person left the prompt.
            PromptUnavailable: the runner cannot obtain a code.
            AuthenticationError: organization variables are missing or wrong.
        """
        request.refuse_wrong_variables()
        refusal = f"{request.refusal.problem} {request.refusal.remedy}".strip() if request.refusal else ""
        question = Question("code", request.text(), request.serial_number, refusal, request.attempt)
        return Secret(self._read(question, "The run was canceled: no code was entered."))

    async def confirm(self, question: str) -> bool:
        """True if "yes" was entered, the word that Terraform itself requires."""
        answer = self._read(Question("confirmation", question), "The run was canceled: no confirmation was entered.")
        return answer.strip() == "yes"

    def _read(self, question: Question, canceled: str) -> str:
        # Look up `getpass.getpass` on each call: a kernel replaces it for each request.
        try:
            answer, refusal = read_reply(getpass.getpass(question.encode(self._marker)))
        except (EOFError, KeyboardInterrupt):
            answer, refusal = None, ""
        if refusal:
            raise PromptUnavailable(refusal)
        if not answer or not answer.strip():
            raise RunCanceled(canceled)
        return answer
