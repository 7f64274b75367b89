"""The question that a card asks, and its answer: what a run's card and a fleet's card have in common.

A code that answers it goes from the secret field of the card to whoever asked, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import SecretUnreadable
from tfmfa_nb.prompts.form import Answer
from tfmfa_nb.protocol.messages import Authenticate, Confirm, Question, UnsealedCode

__all__ = ("Answer", "OpenQuestion")

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.views.secret_field import SecretField


class OpenQuestion:
    """Asks one question at a time.

    Args:
        secret: secret field of the card.
        loop: event loop of the card, on which all methods are called.
    """

    def __init__(self, secret: SecretField, loop: asyncio.AbstractEventLoop) -> None:
        self._secret, self._loop = secret, loop
        self._answer: asyncio.Future[Answer] | None = None
        self._question: Question | None = None
        self._number = 0

    @property
    def asking(self) -> bool:
        """True while an answer is waited for."""
        return self._answer is not None and not self._answer.done()

    @property
    def question(self) -> Question | None:
        """The open question; None if there is none, which is so for a question of another card, too."""
        return self._question if self.asking else None

    def number(self) -> int:
        """The number of another question, which no earlier one had."""
        self._number += 1
        return self._number

    async def ask(self, question: Mapping[str, Any], asked: Callable[[], None]) -> Answer:
        """Ask, and wait for the answer. After one that cannot be read, the card says why, and asks again.

        Args:
            question: the fields of a `Question`, without its number, problem, and key.
            asked: called each time the question is open.
        """
        problem = ""
        try:
            while True:
                self._answer = self._loop.create_future()
                key = self._secret.sealing_key() if question["kind"] == "code" else None
                self._question = Question(**question, number=self.number(), problem=problem, sealing_key=key)
                asked()
                try:
                    return await self._answer
                except SecretUnreadable as error:
                    problem = str(error)
        finally:
            self._answer = None
            self._secret.forget()

    def take(self, request: Authenticate | UnsealedCode | Confirm, raw: Secret) -> None:
        """Take an answer, if it belongs to the open question, not to an earlier one.

        Args:
            request: the answer.
            raw: value of the raw field beside it.
        """
        if isinstance(request, Confirm):
            question = self.question
            if self._waits_for("confirm", request.number) and question is not None and request.word == question.word:
                self.resolve(Answer("confirm"))
        elif self._waits_for("code", request.number):
            self._take_code(request, raw)
        else:
            raw.forget()

    def resolve(self, answer: Answer | SecretUnreadable) -> None:
        """Answer the open question, if there is one."""
        if self._answer is None or self._answer.done():
            return
        if isinstance(answer, Answer):
            self._answer.set_result(answer)
        else:
            self._answer.set_exception(answer)

    def _take_code(self, request: Authenticate | UnsealedCode, raw: Secret) -> None:
        try:
            match request:
                case Authenticate(sealed=sealed):
                    code = self._secret.opened(sealed, raw)
                case UnsealedCode():
                    code = self._secret.unsealed(raw)
        except SecretUnreadable as error:
            self.resolve(error)
        else:
            self.resolve(Answer("code", code))

    def _waits_for(self, kind: str, number: int) -> bool:
        question = self.question
        return question is not None and (question.kind, question.number) == (kind, number)
