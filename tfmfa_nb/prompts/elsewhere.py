"""The prompt of a cell, beside which the same person can answer from elsewhere: the first to answer wins."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled, RunDiscarded
from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.prompts.nobody import NobodyPrompt
from tfmfa_nb.prompts.terminal import withdraw_input
from tfmfa_nb.protocol.waiting_run import WaitingRun

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from tfmfa_nb.prompts import CodeRequest, Prompt
    from tfmfa_nb.prompts.door import Door, Given

T = TypeVar("T")
_NOTHING = "Nothing was changed."


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, for those who answer elsewhere: the run's record as JSON text, and where its kernel is."""

    record: str
    user: str
    host: str
    notebook: str


class ElsewherePrompt:
    """Asks where the cell is, and lets the same person answer from elsewhere.

    Args:
        own: the prompt where the cell is.
        door: where others answer.
        asking: who asks, as it is now.
        tell: called with a sentence when the answer came from elsewhere.

    Attributes:
        kind: after a code, how it was obtained.
    """

    def __init__(
        self, own: Prompt, door: Door, asking: Callable[[], Asking], tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._own, self._door, self._asking, self._tell = own, door, asking, tell
        self.kind: PromptKind | None = own.kind
        self.max_attempts: int | None = own.max_attempts
        self._number = 0

    async def ask(self, request: CodeRequest) -> Secret:
        """The code, from wherever the person is.

        Raises:
            RunCanceled, RunDiscarded: the person did so, here or elsewhere.
            PromptUnavailable: nobody is here, and nobody can answer from elsewhere.
        """
        self.kind = self._own.kind
        if request.refusal is not None and request.refusal.requires_new_variables:
            return await self._own.ask(request)  # they are set where the run's process is
        question = self._question("code", request.text(), decision=request.decision, request=request)
        answer = await self._first(self._own.ask(request), question)
        if isinstance(answer, Secret):
            return answer
        self._take(answer)
        return answer.code

    async def confirm(self, question: str, *, decision: Sequence[str] = (), word: str = "") -> bool:
        """Whether the person says yes, here or elsewhere.

        Raises:
            RunCanceled: the person left the prompt.
            PromptUnavailable: nobody is here, and nobody can answer from elsewhere.
        """
        asked = self._question("confirmation", question, word=word, decision=decision)
        answer = await self._first(self._own.confirm(question, decision=decision, word=word), asked)
        if isinstance(answer, bool):
            return answer
        self._take(answer)
        return answer.answer.kind == "confirm" and answer.answer.word == word

    def _take(self, given: Given) -> None:
        """Tell that an answer came from elsewhere.

        Raises:
            RunCanceled, RunDiscarded: that is the answer.
        """
        where, kind = given.answer.where, given.answer.kind
        if kind == "cancel":
            raise RunCanceled(f"The run was canceled in {where}.", _NOTHING)
        if kind == "discard":
            raise RunDiscarded(f"The plan was discarded in {where}.", _NOTHING)
        if kind == "code":
            self.kind = PromptKind.APPROVAL
        self._tell(f"Answered in {where}.")

    async def _first(self, own: Coroutine[Any, Any, T], question: WaitingRun) -> T | Given:
        """The answer that is given first, here or elsewhere; the other one is withdrawn.

        Raises:
            PromptUnavailable: nobody is here, and nobody can answer from elsewhere.
        """
        first = self._door.open(question)
        if first is None:
            return await self._alone(own)
        here = asyncio.ensure_future(own)
        # A terminal holds up this loop while it reads, so the other thread ends its input.
        first.add_done_callback(lambda done: None if done.cancelled() else withdraw_input(here))
        end = "The run does not wait any more."
        taken = False
        try:
            both: set[asyncio.Future[Any]] = {here, asyncio.wrap_future(first)}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if first.cancel():
                end = "The question was answered where it was asked."
                return here.result()
            given = first.result()
            taken, end = True, f"The question was answered in {given.answer.where}."
            return given
        finally:
            if not first.cancel() and not taken:
                first.result().code.forget()
            await _withdraw(here, drop=taken)
            self._door.shut(end)

    async def _alone(self, own: Coroutine[Any, Any, T]) -> T:
        if isinstance(self._own, NobodyPrompt):
            own.close()
            raise PromptUnavailable(
                "The run would wait for an answer from elsewhere, but a private socket cannot be served in its folder.",
                "Keep the notebook on a file system of Linux's own, or set TFMFA_TOKEN_COMMAND.",
            )
        return await own

    def _question(
        self,
        kind: Any,
        text: str,
        *,
        word: str = "",
        decision: Sequence[str] = (),
        request: CodeRequest | None = None,
    ) -> WaitingRun:
        self._number += 1
        asking, refusal = self._asking(), request.refusal if request else None
        return WaitingRun(
            record=asking.record,
            number=self._number,
            kind=kind,
            text=text,
            word=word,
            serial_number=request.serial_number if request else "",
            problem=refusal.problem if refusal else "",
            remedy=refusal.remedy if refusal else "",
            next_code_at=refusal.next_code_at if refusal else 0.0,
            decision=tuple(decision),
            user=asking.user,
            host=asking.host,
            notebook=asking.notebook,
        )


async def _withdraw(here: asyncio.Future[Any], *, drop: bool) -> None:
    """End the prompt where the cell is; drop what it returned, if the other one was first."""
    if not here.done():
        here.cancel()
        await asyncio.wait({here})
    if drop and not here.cancelled():
        with suppress(Exception):
            if isinstance(late := here.result(), Secret):
                late.forget()
    elif not here.cancelled():
        here.exception()  # it is the caller's, or nobody's
