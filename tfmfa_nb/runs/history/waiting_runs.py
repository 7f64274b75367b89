"""The runs that wait for a person, and the conversation with one of them: its questions, and the answers."""

from __future__ import annotations

import asyncio
import json
import socket
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from threading import Timer
from typing import TYPE_CHECKING, Self

from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.prompts.answer_socket import NotPrivate, connected, peer_uid, send_code
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.protocol.waiting_run import LONGEST_QUESTION, ElsewhereAnswer, Said, WaitingRun, line_of, said_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.redaction import Secret

FIRST_SECONDS = 5.0
"""How long a run may take to say what it asks, in seconds; a list of runs waits so long for all of them."""
_MOST_AT_ONCE = 64


class Conversation:
    """The conversation with a run that waits; close it, and the run waits on.

    Args:
        environment: environment of the run.
        run_id: ID of the run.
        uid_of: the user at the other end of a connection, to whom a code would be handed.

    Attributes:
        question: what the run asks now.
        heard: called, on another thread, as soon as the run has said something.

    Raises:
        RunStateError: the run does not wait, its kernel is gone or belongs to somebody else, or it has another version.
    """

    def __init__(
        self, environment: Environment, run_id: str, uid_of: Callable[[socket.socket], int] = peer_uid
    ) -> None:
        problem = ""
        self.heard: Callable[[], None] = lambda: None
        self._reading: asyncio.Future[WaitingRun | Said] | None = None
        try:
            self._connection = connected(environment.files.run(run_id).answers, uid_of)
        except NotPrivate as error:
            problem = f"{run_id} is not answered: {error}."
        except OSError:
            problem = f"{run_id} does not wait for an answer on this machine."
        if problem:
            raise RunStateError(problem, f"See how it is: %tfruns {environment.option}")
        self._lines = self._connection.makefile("rb")
        try:
            with _cut_off(self._connection):
                question = self._read()
            if not isinstance(question, WaitingRun) or self._record(question).id != run_id:
                raise RunStateError(f"{run_id} is asked by another version of tfmfa_nb.", "Answer it in its notebook.")
        except BaseException:
            self.close()
            raise
        self._connection.settimeout(None)
        self.question = question

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the conversation; whoever waits for the run's next message gets none."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # also ends a thread that reads
        self._lines.close()
        self._connection.close()

    @property
    def record(self) -> RunRecord:
        """The record of the run, as its kernel has it now."""
        return self._record(self.question)

    def give(self, answer: ElsewhereAnswer, code: Secret | None = None) -> None:
        """Give an answer.

        Args:
            answer: the answer.
            code: the code, which is forgotten.

        Raises:
            RunStateError: the run's kernel is gone.
        """
        try:
            self._connection.sendall(line_of(answer))
            if code is not None:
                send_code(self._connection, code)
        except OSError:
            raise _gone() from None
        finally:
            if code is not None:
                code.forget()

    def upcoming(self) -> asyncio.Future[WaitingRun | Said]:
        """What the run says next, as a future; `next` takes it."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._hear))
        return self._reading

    async def next(self) -> Said | None:
        """What the run says next; None for another question, which is then `question`.

        Raises:
            RunStateError: the run's kernel is gone.
        """
        said = await self.upcoming()
        self._reading = None
        if isinstance(said, WaitingRun):
            self.question = said
            return None
        return said

    def _hear(self) -> WaitingRun | Said:
        try:
            return self._read()
        finally:
            self.heard()

    def _read(self) -> WaitingRun | Said:
        try:
            line = self._lines.readline(LONGEST_QUESTION)
        except (OSError, ValueError):
            line = b""
        said = said_in(line)
        if said is None:
            raise _gone()
        return said

    @staticmethod
    def _record(question: WaitingRun) -> RunRecord:
        try:
            return RunRecord.from_json(json.loads(question.record), "the run's kernel")
        except ValueError:
            raise RunStateError("The run's kernel has sent no record of it.", "Answer it in its notebook.") from None


def waits_for(environment: Environment, run_id: str) -> str:
    """What a run waits for: "code", "confirmation"; "" if it waits for nothing that can be given from elsewhere."""
    if not environment.files.run(run_id).answers.is_socket():
        return ""
    try:
        with Conversation(environment, run_id) as conversation:
            return conversation.question.kind
    except RunStateError:
        return ""


def waiting_among(runs: Iterable[tuple[Environment, str]]) -> dict[tuple[Path, str], str]:
    """What those of some runs wait for that wait, by the folder of the environment and the ID of the run.

    They are asked together: one whose kernel hangs must not hold up the answers of the others, or the next one's.
    """
    asked = [(each, run_id) for each, run_id in runs if each.files.run(run_id).answers.is_socket()]
    if not asked:
        return {}
    pool = ThreadPoolExecutor(min(len(asked), _MOST_AT_ONCE), "tfmfa-waiting")
    futures = {(each.folder, run_id): pool.submit(waits_for, each, run_id) for each, run_id in asked}
    wait(futures.values(), FIRST_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    return {key: found for key, future in futures.items() if _has_ended(future) and (found := future.result())}


def _has_ended(future: Future[str]) -> bool:
    return future.done() and not future.cancelled()


@contextmanager
def _cut_off(connection: socket.socket) -> Iterator[None]:
    """End a connection after `FIRST_SECONDS`; its own time limit begins anew with each byte."""

    def end() -> None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(FIRST_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _gone() -> RunStateError:
    return RunStateError("The run does not wait any more: its kernel has ended.", "See how it is: %tfruns")
