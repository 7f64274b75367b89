"""The status comm: tells front ends how the notebook's latest run stands, passes on "cancel", answers questions.

A front end opens it. Where none does, nothing is sent; where this is not loaded, a front end learns so from
`comm_info`, in which a name without a comm behind it stands for the target: opening a comm to see whether there is
one would put an error into the log of every other kernel.

Of a run it sends public words; no text of AWS's or Terraform's, and never a secret, goes this way.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.status import (
    COMM_TARGET,
    Answer,
    Ask,
    CancelRun,
    KernelStatus,
    RunStatus,
    UnknownQuestion,
    status_request,
)
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.protocol.editor import EditorAnswer, EditorQuestion
    from tfmfa_nb.runs.run import Run

    Reply = Callable[[EditorAnswer | None], None]
    AnswerQuestion = Callable[[EditorQuestion, Reply], None]

_TRAITS = ("id", "environment", "phase", "status", "level", "lock_indicator", "canceling", "question")
_MOST_COMMS = 16  # a page that was reloaded leaves its comm behind, without a word


class LatestRun(Protocol):
    """Who knows which run is the latest: the magics.

    Attributes:
        latest: the run that was started last; None before the first.
        busy: whether one is planning, asking or applying.
    """

    latest: Any

    @property
    def busy(self) -> bool: ...  # noqa: D102

    def observe(self, handler: Any, names: Any) -> None: ...  # noqa: D102

    def unobserve(self, handler: Any, names: Any) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class _Sign:
    """What `comm_info` lists while the target is there; nobody talks to it."""

    comm_id: str = "tfmfa_nb-status"
    target_name: str = COMM_TARGET

    def handle_msg(self, message: dict[str, Any]) -> None:
        """Nothing is said here."""

    def handle_close(self, message: dict[str, Any]) -> None:
        """Nothing was open."""


class StatusComm:
    """Serves the front ends of one kernel until it is closed; its methods may be called on any thread.

    Args:
        manager: the kernel's comm manager.
        magics: whose latest run is told of.
        answer_question: answers a question about a cell; it gets the question, and whom to tell the answer.
    """

    def __init__(self, manager: Any, magics: LatestRun, answer_question: AnswerQuestion) -> None:
        self._manager = manager
        self._magics = magics
        self._answer_question = answer_question
        self._comms: list[Any] = []
        self._run: Run | None = None
        self._sending = RLock()  # else an older state, read on another thread, could be sent last
        self._sign = _Sign()
        manager.register_target(COMM_TARGET, self._on_open)
        manager.register_comm(self._sign)
        magics.observe(self._on_change, names=["latest", "going"])
        self._observe(magics.latest)

    def close(self) -> None:
        """Let go of the run and of the front ends, which then show nothing."""
        self._magics.unobserve(self._on_change, names=["latest", "going"])
        self._observe(None)
        self._manager.targets.pop(COMM_TARGET, None)
        self._manager.comms.pop(self._sign.comm_id, None)
        for comm in self._comms:
            comm.close()
        self._comms.clear()

    def _on_open(self, comm: Any, _message: dict[str, Any]) -> None:
        comm.on_msg(lambda message: self._on_message(comm, message["content"].get("data")))
        comm.on_close(lambda _: self._comms.remove(comm) if comm in self._comms else None)
        with self._sending:
            self._comms.append(comm)
            for forgotten in self._comms[:-_MOST_COMMS]:
                self._comms.remove(forgotten)
                forgotten.close()
            comm.send(self._status())

    def _on_message(self, comm: Any, data: object) -> None:
        match status_request(data):
            case CancelRun(id=run_id):
                self._cancel(run_id)
            case Ask(number=number, question=question):
                self._answer_question(question, lambda answer: self._reply(comm, number, answer))
            case UnknownQuestion(number=number):
                self._reply(comm, number, None)

    def _cancel(self, run_id: str) -> None:
        run = self._run
        # The run that the person saw: another one may have followed since.
        if run is not None and run_id == run.id and self._magics.busy:
            with suppress(TfmfaError):  # a moment too late: the state that follows says what is true
                run.cancel()

    def _reply(self, comm: Any, number: int, answer: EditorAnswer | None) -> None:
        """Only the front end that has asked is told."""
        with self._sending:
            if comm in self._comms:  # it may have gone meanwhile
                comm.send(encode(Answer(number=number, answer=answer)))

    def _on_change(self, _change: Any) -> None:
        with self._sending:
            self._observe(self._magics.latest)
            status = self._status()
            for comm in list(self._comms):
                comm.send(status)

    def _observe(self, run: Run | None) -> None:
        if run is self._run:
            return
        if self._run is not None:
            self._run.unobserve(self._on_change, names=_TRAITS)
        self._run = run
        if run is not None:
            run.observe(self._on_change, names=_TRAITS)

    def _status(self) -> Any:
        run = self._run
        return encode(KernelStatus(busy=self._magics.busy, run=None if run is None else _status_of(run)))


def _status_of(run: Run) -> RunStatus:
    return RunStatus(
        id=run.id,
        environment=plain(run.environment),
        phase=run.phase,
        status=run.status,
        level=run.level,
        lock_indicator=run.lock_indicator,
        canceling=run.canceling,
        question=run.question.get("kind", ""),
    )
