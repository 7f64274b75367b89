"""The door of a waiting run: serves its question on the run's socket, and hands over the first answer.

It is served on a thread of its own, because a prompt in a terminal holds up the event loop of the run.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING

from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.prompts.answer_socket import NotPrivate, bound, check_peer, peer_uid, unbind
from tfmfa_nb.protocol.waiting_run import LONGEST_ANSWER, Said, WaitingRun, answer_in, line_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.protocol.waiting_run import ElsewhereAnswer

_MOST = 16  # connections; the oldest one is closed for another one
_PACE = 0.1  # seconds between two looks at what became of a code
_TO_AWS = 180.0  # seconds after which nobody is told any more what became of a code
_TO_READ = 10.0  # seconds that the other end has to read what it is sent


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave elsewhere; the code, for an answer of that kind, is in its holder."""

    answer: ElsewhereAnswer
    code: Secret


@dataclass(eq=False, slots=True)
class _Asked:
    """A question, and the future that only the first one to answer can set, or cancel."""

    question: WaitingRun
    first: Future[Given] = field(default_factory=Future)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    end: str = ""

    def claim(self) -> bool:
        """Whether an answer is the first one; then it must be set."""
        return not self.first.done() and not self.first.running() and self.first.set_running_or_notify_cancel()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of all doors of this process, on its thread."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="tfmfa-doors", daemon=True).start()
    return loop


class Door:
    """The door of one run.

    Args:
        path: socket in the run's private folder.
        record: the run's record as it is now, for what became of a code.
        refused: called with a sentence, on another thread, when a process of another user tries to answer.
        uid_of: the user at the other end of a connection.
    """

    def __init__(
        self,
        path: Path,
        record: Callable[[], RunRecord],
        refused: Callable[[str], None] = lambda _: None,
        uid_of: Callable[[socket.socket], int] = peer_uid,
    ) -> None:
        self._path, self._record, self._refused, self._uid_of = path, record, refused, uid_of
        self._asked: _Asked | None = None
        self._server: asyncio.Server | None = None
        self._connections: list[asyncio.StreamWriter] = []

    def open(self, question: WaitingRun) -> Future[Given] | None:
        """Serve a question until `shut`; the future of its answer. None where no socket can be served.

        Whoever answers elsewhere has the future run before it is set: cancel it to be the first.
        """
        return asyncio.run_coroutine_threadsafe(self._open(question), _loop()).result()

    def shut(self, end: str) -> None:
        """Serve the question no more.

        Args:
            end: how the question ended, in a sentence, for those who have not answered it.
        """
        asyncio.run_coroutine_threadsafe(self._shut(end), _loop()).result()

    async def _open(self, question: WaitingRun) -> Future[Given] | None:
        try:
            listening = bound(self._path)
        except OSError:
            return None
        asked = self._asked = _Asked(question)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=LONGEST_ANSWER)
        return asked.first

    async def _shut(self, end: str) -> None:
        if self._asked is not None:
            self._asked.end = end
            self._asked.over.set()
            self._asked = None
        if self._server is not None:
            self._server.close()
            self._server = None
            unbind(self._path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            check_peer(writer.get_extra_info("socket"), self._uid_of)
            self._connections.append(writer)
            for oldest in self._connections[:-_MOST]:
                oldest.transport.abort()
            asked = self._asked
            while asked is not None:
                asked = await self._ask(asked, reader, writer)
        except NotPrivate as error:
            self._refused(f"An answer from elsewhere was refused: {error}.")
        except (OSError, ValueError, TimeoutError):  # it is gone, or says what is no answer
            pass
        finally:
            if writer in self._connections:
                self._connections.remove(writer)
            writer.close()

    async def _ask(self, asked: _Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Asked | None:
        """Ask one end; the question that it is asked next, None if there is none."""
        await _send(writer, asked.question)
        reading, over = asyncio.ensure_future(_read(reader)), asyncio.ensure_future(asked.over.wait())
        try:
            await asyncio.wait({reading, over}, return_when=asyncio.FIRST_COMPLETED)
            given = reading.result() if reading.done() else None
        finally:
            reading.cancel()
            over.cancel()
        if given is None or given.answer.number != asked.question.number or not asked.claim():
            if given is not None:
                given.code.forget()
            await _send(writer, Said(state="closed", text=asked.end or "The question was answered."))
            return None
        given_to = self._record()
        asked.first.set_result(given)
        await _send(writer, Said(state="taken", text="The run has the answer."))
        return await self._next(asked, given_to, writer) if given.answer.kind == "code" else None

    async def _next(self, asked: _Asked, before: RunRecord, writer: asyncio.StreamWriter) -> _Asked | None:
        """The next question, if AWS refuses the code; None once the run went on, which the other end is told."""
        async with asyncio.timeout(_TO_AWS):
            while self._asked is None or self._asked is asked:
                if end := _end(before, self._record()):
                    await _send(writer, Said(state="ended", text=end))
                    return None
                await asyncio.sleep(_PACE)
        return self._asked


def _end(before: RunRecord, now: RunRecord) -> str:
    """What became of a code, in a sentence; "" as long as that is not known."""
    if now.authenticated_by and now.authenticated_at != before.authenticated_at:
        return f"Authenticated with MFA by {now.authenticated_by}."
    if now.ended_at and now.ended_at != before.ended_at:
        return now.error or f"The run is {now.status}."
    return ""


async def _read(reader: asyncio.StreamReader) -> Given:
    """What a person gave.

    Raises:
        ValueError: it is none, or too long.
        ConnectionError: the other end is gone.
    """
    if not (line := await reader.readline()):
        raise ConnectionError
    answer = answer_in(line)
    if answer is None:
        raise ValueError
    return Given(answer, Secret((await reader.readline()).decode().strip() if answer.kind == "code" else ""))


async def _send(writer: asyncio.StreamWriter, message: WaitingRun | Said) -> None:
    writer.write(line_of(message))
    with suppress(ConnectionError):
        async with asyncio.timeout(_TO_READ):
            await writer.drain()
