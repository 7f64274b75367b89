"""The status comm: tells front ends how the notebook's latest run stands, passes on "cancel", answers questions.

A front end opens it (target `tfmfa_nb`). Where none does, nothing is sent; where this is not loaded, a front end
learns so from `comm_info`, in which a name without a comm behind it stands for the target: opening a comm to see
whether there is one would put an error into the log of every other kernel.

Of a run it sends public words; no text of AWS's or Terraform's, and never a secret, goes this way.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.runs.run import Run

    Ask = Callable[[dict[str, Any], Callable[[dict[str, Any]], None]], None]

TARGET = "tfmfa_nb"
_SHOWN = ("id", "environment", "phase", "status", "level", "lock_indicator", "canceling")
_OBSERVED = [*_SHOWN, "question"]
_MOST = 16  # a page that was reloaded leaves its comm behind, without a word


class Latest(Protocol):
    """Who knows which run is the latest: the magics.

    Attributes:
        latest: the run that was begun last; None before the first.
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
    target_name: str = TARGET

    def handle_msg(self, message: dict[str, Any]) -> None:
        """Nothing is said here."""

    def handle_close(self, message: dict[str, Any]) -> None:
        """Nothing was open."""


class StatusComm:
    """Serves the front ends of one kernel until it is closed; its methods may be called on any thread.

    Args:
        manager: the kernel's comm manager.
        magics: whose latest run is told of.
        ask: answers a question about a cell; it gets the question, and whom to tell the answer.
    """

    def __init__(self, manager: Any, magics: Latest, ask: Ask) -> None:
        self._manager = manager
        self._magics = magics
        self._ask = ask
        self._comms: list[Any] = []
        self._run: Run | None = None
        self._sending = RLock()  # else an older state, read on another thread, could be sent last
        self._sign = _Sign()
        manager.register_target(TARGET, self._opened)
        manager.register_comm(self._sign)
        magics.observe(self._changed, names=["latest", "going"])
        self._follow(magics.latest)

    def close(self) -> None:
        """Let go of the run and of the front ends, which then show nothing."""
        self._magics.unobserve(self._changed, names=["latest", "going"])
        self._follow(None)
        self._manager.targets.pop(TARGET, None)
        self._manager.comms.pop(self._sign.comm_id, None)
        for comm in self._comms:
            comm.close()
        self._comms.clear()

    def _opened(self, comm: Any, _message: dict[str, Any]) -> None:
        comm.on_msg(lambda message: self._received(comm, message))
        comm.on_close(lambda _: self._comms.remove(comm) if comm in self._comms else None)
        with self._sending:
            self._comms.append(comm)
            for forgotten in self._comms[:-_MOST]:
                self._comms.remove(forgotten)
                forgotten.close()
            comm.send(self._state())

    def _received(self, comm: Any, message: dict[str, Any]) -> None:
        data = message.get("content", {}).get("data", {})
        if data.get("type") == "ask":
            self._answer(comm, data)
            return
        run = self._run
        # For the run that the person saw, which another one may have followed since.
        if run is not None and data.get("type") == "cancel" and data.get("id") == run.id and self._magics.busy:
            with suppress(TfmfaError):  # a moment too late: the state that follows says what is true
                run.cancel()

    def _answer(self, comm: Any, data: dict[str, Any]) -> None:
        """Only the front end that has asked is told."""
        number, question = data.get("number"), data.get("question")
        if not isinstance(number, int) or not isinstance(question, dict):
            return

        def reply(answer: dict[str, Any]) -> None:
            with self._sending:
                if comm in self._comms:  # it may have gone meanwhile
                    comm.send({"number": number, "answer": answer})

        self._ask(question, reply)

    def _changed(self, _change: Any) -> None:
        with self._sending:
            self._follow(self._magics.latest)
            state = self._state()
            for comm in list(self._comms):
                comm.send(state)

    def _follow(self, run: Run | None) -> None:
        if run is self._run:
            return
        if self._run is not None:
            self._run.unobserve(self._changed, names=_OBSERVED)
        self._run = run
        if run is not None:
            run.observe(self._changed, names=_OBSERVED)

    def _state(self) -> dict[str, Any]:
        run = self._run
        if run is None:
            return {"busy": self._magics.busy, "run": None}
        shown = {name: getattr(run, name) for name in _SHOWN}
        shown["environment"] = plain(run.environment)
        return {"busy": self._magics.busy, "run": {**shown, "question": run.question.get("kind", "")}}
