"""The run card: a run, live, in a notebook.

The log is pulled, by the lines in view; what else is shown is pushed.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from traitlets import Unicode

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.prompts.form import Answer
from tfmfa_nb.views.sanitize import shorten, spans, visible_all
from tfmfa_nb.views.widget import MessageWidget, take_secret
from tfmfa_nb.views.wording import documents_of

if TYPE_CHECKING:
    import asyncio

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.runs.run import Run

_PACE = 0.1  # seconds between two pushes: faster than an eye reads, far below the server's limits
_MOST_LINES = 600  # in one answer; a view shows some forty
_MOST_CHARACTERS = 2_000  # of one line; the log file has all of it
_MOST_BYTES = 300_000  # in one answer, as it is sent: the server drops what exceeds 1 MB/s
_LONGEST_CODE = 64  # what is longer was not typed by a person who reads six digits
_SHOWN = (
    "id", "environment", "phase", "status", "level", "lock_indicator", "lock_indicator_text", "lock_indicator_remedy",
    "authenticated_by", "identity", "roles", "counts", "progress", "notes", "error", "error_remedy", "error_documents",
    "log_lines", "log_start", "log_path", "started_at", "ended_at", "canceling", "product",
)  # fmt: skip
_MOST_ROLES, _MOST_HOPS, _MOST_CURRENT, _MOST_NOTES = 50, 10, 50, 20


class RunCard(MessageWidget):
    """Shows `run` and passes on what the person presses.

    Args:
        run: what is shown; its traits may change on any thread.
    """

    _model_name = Unicode("RunCardModel").tag(sync=True)
    _view_name = Unicode("RunCardView").tag(sync=True)

    def __init__(self, run: Run) -> None:
        self._run = run
        self._thread = threading.get_ident()
        self._answer: asyncio.Future[Answer] | None = None
        self._asked: dict[str, Any] = {}
        self._number = 0
        self._handle: asyncio.TimerHandle | None = None
        self._pushed = 0.0
        self._gone = False
        super().__init__()
        run.observe(self._changed, names=[*_SHOWN, "question"])

    async def ask(self, question: dict[str, Any]) -> Answer:
        """Put `question` to the person and wait for the answer; canceling the run is one."""
        if self._run.canceling:
            return Answer("cancel")
        self._answer = self._loop.create_future()
        self._number += 1
        self._asked = {**question, "number": self._number}
        self._run.question = question
        self._schedule()  # the same question again is no change of the trait
        try:
            return await self._answer
        finally:
            self._answer = None
            if self._run.question == question:  # else another card of the run asks by now
                self._run.question = {}
            self._schedule()

    def close(self) -> None:
        """Let go of the run and of the front end."""
        if not getattr(self, "_gone", True):
            self._gone = True
            self._run.unobserve(self._changed, names=[*_SHOWN, "question"])
            if self._handle is not None:
                self._handle.cancel()
            self._resolve(Answer("cancel"))
        super().close()

    def flush(self) -> None:
        """Send the state now, as before closing."""
        if self._handle is not None:
            self._handle.cancel()
        self._push()

    def _changed(self, _change: Any) -> None:
        """A trait has changed, on whatever thread; everything further happens on the loop's."""
        self._on_loop(self._schedule)

    def _schedule(self) -> None:
        if self._run.canceling:
            self._resolve(Answer("cancel"))
        if self._handle is None and not self._gone:
            self._handle = self._loop.call_at(max(self._loop.time(), self._pushed + _PACE), self._push)

    def _push(self) -> None:
        self._handle, self._pushed = None, self._loop.time()
        self._send_state({"now": time.time(), **self._state()})

    def _state(self) -> dict[str, Any]:
        run = self._run
        state = {name: getattr(run, name) for name in _SHOWN if name != "error_documents"}
        state["roles"] = [{**role, "hops": role["hops"][:_MOST_HOPS]} for role in state["roles"][:_MOST_ROLES]]
        state["notes"] = state["notes"][:_MOST_NOTES]
        progress = state["progress"]
        if progress:
            current = progress.get("current") or []
            state["progress"] = {
                "done": progress.get("done", 0),
                "total": progress.get("total", 0),
                "current": current[:_MOST_CURRENT],
                "more": max(0, len(current) - _MOST_CURRENT),
            }
        # A question that another prompt asks, or another card of the same run, cannot be answered here.
        state["question"] = self._asked if self._asking else {}
        shown: dict[str, Any] = visible_all(state)
        shown["error_documents"] = [{"title": title, "text": text} for title, text in documents_of(run)]
        return shown

    @property
    def _asking(self) -> bool:
        return self._answer is not None and not self._answer.done()

    def _receive(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """One message of a front end; a code in it neither stays behind nor meets an exception here."""
        if self._gone or not isinstance(message, dict):
            return
        code = take_secret(message, "code", _LONGEST_CODE)
        if threading.get_ident() == self._thread:
            self._handle_message(message, code)
        else:  # JupyterLab sends comm messages to a subshell, whose thread is not the loop's
            self._on_loop(self._handle_message, message, code)

    def _handle_message(self, message: dict[str, Any], code: Secret) -> None:
        if self._gone:
            return
        kind = message.get("type")
        if kind == "hello":
            self._displayed.set()
            self.flush()
        elif kind == "lines":
            self._send_lines(message)
        elif kind == "authenticate":
            if self._answers(message, "code"):
                self._resolve(Answer("code", code))
        elif kind == "confirm":
            if self._answers(message, "confirm"):
                self._resolve(Answer("confirm"))
        elif isinstance(kind, str):
            self._stop(kind)

    def _answers(self, message: dict[str, Any], kind: str) -> bool:
        """Whether `message` answers the question that is asked now, and not one before it."""
        return self._asking and self._asked["kind"] == kind and message.get("number") == self._number

    def _stop(self, kind: str) -> None:
        with suppress(TfmfaError):  # pressed a moment too late: the state that follows says what is true
            if kind == "cancel":
                self._run.cancel()
                self._resolve(Answer("cancel"))
            elif kind == "kill":
                self._run.kill()
            elif kind == "discard" and self._asking:
                self._resolve(Answer("discard"))
            elif kind == "discard":
                self._run.discard()
        self._schedule()

    def _resolve(self, answer: Answer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _send_lines(self, message: dict[str, Any]) -> None:
        start, stop = message.get("start"), message.get("stop")
        if not isinstance(start, int) or not isinstance(stop, int):
            return
        start = max(0, start)
        stop = min(stop, start + _MOST_LINES, self._run.log_lines)
        lines: list[Any] = []
        room = _MOST_BYTES
        with suppress(OSError):  # the log was deleted: the front end goes on asking, at its own pace
            for line in self._run.log_text(start, stop) if start < stop else []:
                pieces = spans(shorten(line, _MOST_CHARACTERS))
                shown: Any = [[text, " ".join(classes)] for text, classes in pieces]
                if len(pieces) == 1 and not pieces[0][1]:
                    shown = pieces[0][0]
                room -= len(json.dumps(shown)) + 2
                if room < 0 and lines:
                    break  # the front end asks for the rest
                lines.append(shown)
        self.send({"type": "lines", "start": start, "lines": lines})
