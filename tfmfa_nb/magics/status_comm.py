"""The status comm: sends front ends the status of the latest run or fleet, cancels it, and answers questions.

A front end opens the comm; without one, nothing is sent. Front ends find out from `comm_info` whether the extension is
loaded: a placeholder is listed there as long as the target exists. Opening a comm to find out would log an error in
every other kernel.

The comm sends no text of AWS or Terraform, and never a secret.
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
from tfmfa_nb.views.open_cards import open_card
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.protocol.status import KernelAnswer, KernelQuestion
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.views.shown_fleet import ShownFleet

    Reply = Callable[[KernelAnswer | None], None]
    AnswerQuestion = Callable[[KernelQuestion, Reply], None]

_TRAITS = ("id", "environment", "phase", "status", "level", "lock_indicator", "canceling", "question")
_KNOWN = ["latest", "fleet", "active_runs"]
_MAX_COMMS = 16  # a reloaded page leaves its comm open


class LatestRun(Protocol):
    """The object that knows the latest run: the magics.

    Attributes:
        latest: run that was started last; None before the first.
        fleet: fleet that was started after it; None for none.
        busy: True while a run is planning, waiting for an answer, or applying.
    """

    latest: Any
    fleet: Any

    @property
    def busy(self) -> bool: ...  # noqa: D102

    def observe(self, handler: Any, names: Any) -> None: ...  # noqa: D102

    def unobserve(self, handler: Any, names: Any) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class _Placeholder:
    """The comm that `comm_info` lists while the target exists; it is never used."""

    comm_id: str = "tfmfa_nb-status"
    target_name: str = COMM_TARGET

    def handle_msg(self, message: dict[str, Any]) -> None:
        """Ignore the message."""

    def handle_close(self, message: dict[str, Any]) -> None:
        """There is nothing to close."""


class StatusComm:
    """Serves the front ends of one kernel until it is closed. Its methods can be called on any thread.

    Args:
        manager: comm manager of the kernel.
        magics: provides the latest run.
        answer_question: answers a question; called with the question and a function for the answer.
    """

    def __init__(self, manager: Any, magics: LatestRun, answer_question: AnswerQuestion) -> None:
        self._manager = manager
        self._magics = magics
        self._answer_question = answer_question
        self._comms: list[Any] = []
        self._run: Run | ShownFleet | None = None
        self._sending = RLock()  # without it, another thread could send an older state last
        self._placeholder = _Placeholder()
        manager.register_target(COMM_TARGET, self._on_open)
        manager.register_comm(self._placeholder)
        magics.observe(self._on_change, names=_KNOWN)
        self._observe(magics.fleet or magics.latest)

    def close(self) -> None:
        """Close the comms; the front ends then show no status."""
        self._magics.unobserve(self._on_change, names=_KNOWN)
        self._observe(None)
        self._manager.targets.pop(COMM_TARGET, None)
        self._manager.comms.pop(self._placeholder.comm_id, None)
        for comm in self._comms:
            comm.close()
        self._comms.clear()

    def _on_open(self, comm: Any, _message: dict[str, Any]) -> None:
        comm.on_msg(lambda message: self._on_message(comm, message["content"].get("data")))
        comm.on_close(lambda _: self._comms.remove(comm) if comm in self._comms else None)
        with self._sending:
            self._comms.append(comm)
            for oldest in self._comms[:-_MAX_COMMS]:
                self._comms.remove(oldest)
                oldest.close()
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
        # Only the run that the person saw; a newer one may have started.
        if run is not None and run_id == run.id and self._magics.busy:
            with suppress(TfmfaError):  # too late; the next state shows what happened
                run.cancel()

    def _reply(self, comm: Any, number: int, answer: KernelAnswer | None) -> None:
        """Send the answer to the front end that asked."""
        with self._sending:
            if comm in self._comms:  # it may have been closed
                comm.send(encode(Answer(number=number, answer=answer)))

    def _on_change(self, _change: Any) -> None:
        with self._sending:
            self._observe(self._magics.fleet or self._magics.latest)
            status = self._status()
            for comm in list(self._comms):
                comm.send(status)

    def _observe(self, run: Run | ShownFleet | None) -> None:
        if run is self._run:
            return
        if self._run is not None:
            self._run.unobserve(self._on_change, names=_traits_of(self._run))
        self._run = run
        if run is not None:
            run.observe(self._on_change, names=_traits_of(run))

    def _status(self) -> Any:
        run = self._run
        return encode(KernelStatus(busy=self._magics.busy, run=None if run is None else _status_of(run)))


def front_ends(manager: Any) -> int:
    """How many front ends have opened the comm: pages that have a document of the kernel open, or had it open."""
    comms = manager.comms.values()
    return sum(each.target_name == COMM_TARGET and not isinstance(each, _Placeholder) for each in comms)


def _traits_of(run: Run | ShownFleet) -> tuple[str, ...]:
    return (*_TRAITS, "stands") if run.has_trait("stands") else _TRAITS


def _status_of(run: Run | ShownFleet) -> RunStatus:
    return RunStatus(
        id=run.id,
        environment=plain(run.environment),
        phase=run.phase,
        status=run.status,
        level=run.level,
        lock_indicator=run.lock_indicator,
        canceling=run.canceling,
        question=run.question.get("kind", ""),
        card=open_card(run),
        stands=getattr(run, "stands", ""),
    )
