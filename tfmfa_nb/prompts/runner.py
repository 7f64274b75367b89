"""The prompt through `jupyter tfmfa run`, the program that executes the notebook."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled
from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.protocol.runner import NoAnswer, RunnerAnswer, RunnerQuestion, prompt_of, read_reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.prompts import CodeRequest


class RunnerPrompt:
    """Prompts through the runner, which limits the number of attempts itself.

    Args:
        marker: marker by which the runner recognizes this package's questions.

    Attributes:
        kind: after a code, whether the runner's token command printed it.
    """

    kind: PromptKind | None = PromptKind.RUNNER
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
        question = RunnerQuestion(
            kind="code",
            text=request.text(),
            serial_number=request.serial_number,
            refusal=refusal,
            decision=request.decision,
        )
        answer = self._read(question, "The run was canceled: no code was entered.")
        self.kind = PromptKind.COMMAND if answer.told else PromptKind.RUNNER
        if answer.told:
            request.tell(answer.told)
        return answer.text

    async def confirm(self, question: str, *, decision: Sequence[str] = (), word: str = "") -> bool:
        """True if `word` was entered, or "yes", the word that Terraform itself requires."""
        word = word or "yes"
        asked = RunnerQuestion(kind="confirmation", text=question, decision=tuple(decision), word=word)
        answer = self._read(asked, "The run was canceled: no confirmation was entered.")
        return answer.text.reveal().strip() == word

    def _read(self, question: RunnerQuestion, canceled: str) -> RunnerAnswer:
        # Look up `getpass.getpass` on each call: a kernel replaces it for each request.
        try:
            answer = read_reply(getpass.getpass(prompt_of(question, self._marker)))
        except (EOFError, KeyboardInterrupt):
            answer = NoAnswer("")
        if isinstance(answer, NoAnswer):
            if answer.reason:
                raise PromptUnavailable(answer.reason)
            raise RunCanceled(canceled)
        if not answer.text.reveal().strip():
            raise RunCanceled(canceled)
        return answer
