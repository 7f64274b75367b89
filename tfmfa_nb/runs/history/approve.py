"""Answers a run that waits, for a person who is elsewhere on the same machine."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tfmfa_nb.model.errors import RunDiscarded, RunStateError, TfmfaError
from tfmfa_nb.model.identity import Identity
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.prompts.terminal import Withdrawn, withdraw_input
from tfmfa_nb.protocol.waiting_run import ElsewhereAnswer
from tfmfa_nb.runs.history.waiting_text import approval_lines, refusal_line
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.protocol.waiting_run import WaitingRun
    from tfmfa_nb.runs.history.waiting_runs import Conversation


@dataclass(frozen=True, slots=True)
class Approver:
    """A person who answers elsewhere.

    Attributes:
        prompt: asks them.
        where: where they are: "a terminal".
        tell: shows them a line.
    """

    prompt: Prompt
    where: str
    tell: Callable[[str], None]

    def show(self, environment: Environment, conversation: Conversation) -> None:
        """Show what is approved."""
        record = conversation.record
        store = RunStore(environment, record.id)
        try:
            changes = [{"action": each.action, "address": each.address} for each in store.load_changes().changes]
        except TfmfaError:
            changes = []  # a plan that is asked for has none yet
        told = approval_lines(conversation.question, record, str(environment.folder), changes)
        # Once, and not at each prompt: a code that is refused changes nothing of it.
        for line in (*told, *(() if changes else conversation.question.decision)):
            self.tell(line)

    async def approve(self, environment: Environment, conversation: Conversation) -> str:
        """Show what is approved, ask for the answer, and give it; ask again if AWS refuses a code.

        Returns:
            What became of it, in a sentence.

        Raises:
            RunStateError: the run was answered before, or its kernel is gone.
            RunCanceled: the person gave no answer; the run waits on.
            TfmfaError: as the prompt does.
        """
        self.show(environment, conversation)
        while True:
            question = conversation.question
            if line := refusal_line(question):
                self.tell(line)
            answer, code = await self._answer(conversation)
            conversation.give(answer, code)
            said = await conversation.next()
            if said is not None and said.state == "taken" and question.kind == "code":
                self.tell("The run has the code. Asking AWS…")
                said = await conversation.next()
            if said is not None:
                if said.state == "closed":
                    raise RunStateError(said.text)
                return said.text

    async def _answer(self, conversation: Conversation) -> tuple[ElsewhereAnswer, Secret | None]:
        """What the person answers.

        Raises:
            RunStateError: the run was answered meanwhile.
        """
        asking = asyncio.ensure_future(self._ask(conversation))
        # A terminal holds up this loop while it reads, so the thread that hears the run ends its input.
        conversation.heard = lambda: withdraw_input(asking)
        try:
            both: set[asyncio.Future[Any]] = {asking, conversation.upcoming()}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            conversation.heard = lambda: None
            if not asking.done():
                asking.cancel()
                await asyncio.wait({asking})
        if conversation.upcoming().done():
            with suppress(asyncio.CancelledError, Withdrawn, TfmfaError):
                if (late := asking.result()[1]) is not None:
                    late.forget()
            said = await conversation.next()
            raise RunStateError("The run asks something else now." if said is None else said.text)
        return asking.result()

    async def _ask(self, conversation: Conversation) -> tuple[ElsewhereAnswer, Secret | None]:
        """The person's answer, and the code if it is one."""
        question, number, where = conversation.question, conversation.question.number, self.where
        try:
            if question.kind == "confirmation":
                agreed = await self.prompt.confirm(question.text, word=question.word)
                if agreed:
                    return ElsewhereAnswer(number=number, kind="confirm", word=question.word, where=where), None
                return ElsewhereAnswer(number=number, kind="discard", where=where), None
            code = await self.prompt.ask(_request(question, conversation.record))
            return ElsewhereAnswer(number=number, kind="code", where=where), code
        except RunDiscarded:
            return ElsewhereAnswer(number=number, kind="discard", where=where), None


async def leave(conversation: Conversation, kind: Literal["cancel", "discard"], where: str) -> str:
    """Cancel the run, or discard its plan, in place of the answer; what became of it, in a sentence.

    Raises:
        RunStateError: the run was answered before, its kernel is gone, or there is no plan to discard.
    """
    if kind == "discard" and conversation.record.counts is None:
        raise RunStateError(f"{conversation.record.id} has no plan to discard.", "Cancel it.")
    conversation.give(ElsewhereAnswer(number=conversation.question.number, kind=kind, where=where))
    said = await conversation.next()
    return "" if said is None else said.text


def _request(question: WaitingRun, record: RunRecord) -> CodeRequest:
    known = record.identity
    return CodeRequest(
        phase=record.phase,
        environment=record.environment,
        identity=Identity(account=known["account"], arn=known["arn"]) if known else None,
        serial_number=question.serial_number,
        refusal=None,  # it has been told
        attempt=question.number,
        command=record.command,
        workspace=record.workspace,
    )
