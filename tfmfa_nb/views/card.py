"""The run card: a live view of a run in a notebook.

The front end requests the log lines that are in view; everything else is sent to it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from traitlets import Unicode

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.decision import answer_words, decision_of
from tfmfa_nb.protocol.messages import (
    Authenticate,
    Cancel,
    CardState,
    Confirm,
    Discard,
    ErrorDocument,
    FindRequest,
    Hello,
    Hop,
    Identity,
    Kill,
    LinesRequest,
    PlanGraphRequest,
    PlanRowsRequest,
    Progress,
    ResourceInProgress,
    RoleChain,
    SlowResource,
    TextRequest,
    TimelineRequest,
    UnsealedCode,
    card_request,
)
from tfmfa_nb.runs.events import QuestionChanged
from tfmfa_nb.views.card_log import CardLog
from tfmfa_nb.views.card_plan import CardPlan
from tfmfa_nb.views.card_results import card_results
from tfmfa_nb.views.card_widget import CardWidget
from tfmfa_nb.views.open_cards import card_closed, card_opened
from tfmfa_nb.views.open_question import Answer
from tfmfa_nb.views.sanitize import plain, sanitize_all
from tfmfa_nb.views.wording import (
    checks_of,
    command_text,
    decision_about,
    documents_of,
    failed_checks_text,
    place_of,
    policy_text,
    program_text,
    status_words,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.protocol.messages import CardRequest
    from tfmfa_nb.runs.run import Run

_PACE = 0.1  # seconds between two pushes; short enough to look immediate, far below the server's limits
# The traits that the card shows: all fields of a state except those that the card itself sets.
_OWN = {
    *{"type", "protocol", "seq", "now", "question", "decision"},
    *{"comparison", "has_plan", "has_timeline", "outputs", "more_outputs"},
    *{"policy_checks", "more_policy_checks", "warning"},
}
_TRAITS = tuple({each.name for each in fields(CardState)} - _OWN)
_WATCHED = (*_TRAITS, "question", "failed_checks", "policy_checks", "counts", "changes", "plan_known")
_MAX_ROLES, _MAX_HOPS, _MAX_CURRENT, _MAX_NOTES = 50, 10, 50, 20

_M = TypeVar("_M")


class RunCard(CardWidget):
    """Shows `run`, and handles its buttons.

    Args:
        run: the run; its traits may change on any thread.
    """

    _model_name = Unicode("RunCardModel").tag(sync=True)
    _view_name = Unicode("RunCardView").tag(sync=True)

    def __init__(self, run: Run) -> None:
        self._run = run
        self._plan = CardPlan(run)
        self._handle: asyncio.TimerHandle | None = None
        self._pushed = 0.0
        self._log = CardLog(run, self._send_if_open, lambda answer: self._on_loop(self._send_if_open, answer))
        super().__init__()
        self._id = str(self.model_id)
        card_opened(run, self._id)
        run.observe(self._changed, names=_WATCHED)

    def text(self) -> str:
        """The run in one line, and its log."""
        run = self._run
        log = f" Full log: {plain(run.log_path)}" if run.log_path else ""
        return f"Terraform run {plain(run.id)} in {plain(place_of(run))}: {status_words(run)}.{log}"

    async def ask(self, question: dict[str, Any]) -> Answer:
        """Show `question` and wait for the answer. Canceling the run is an answer too.

        After an answer that cannot be read, the card says why, and asks again.
        """
        if self._run.canceling:
            return Answer("cancel")
        question = {"phase": self._run.phase, **question}

        def asked() -> None:
            self._run.apply(QuestionChanged(question))
            self._schedule()  # repeating a question does not change the trait

        try:
            return await self._asked.ask({"button": self._button(question), **question}, asked)
        finally:
            if self._run.question == question:  # otherwise, another card of the run is asking
                self._run.apply(QuestionChanged({}))
            self._schedule()

    def _button(self, question: Mapping[str, Any]) -> str:
        run = self._run
        return answer_words(question["kind"], question["phase"], run.command, decision_of(run.counts, run.changes))

    def close(self) -> None:
        """Close the card, and stop observing the run."""
        if not getattr(self, "_gone", True):
            self._gone = True
            card_closed(self._run, self._id)
            self._run.unobserve(self._changed, names=_WATCHED)
            if self._handle is not None:
                self._handle.cancel()
            self._asked.resolve(Answer("cancel"))
            self._log.close()
        super().close()

    def flush(self) -> None:
        """Send the state now."""
        if self._handle is not None:
            self._handle.cancel()
        self._push()

    def _changed(self, _change: Any) -> None:
        """A trait has changed, on any thread; continue on the loop's thread."""
        self._on_loop(self._schedule)

    def _schedule(self) -> None:
        if self._run.canceling:
            self._asked.resolve(Answer("cancel"))
        if self._handle is None and not self._gone:
            self._handle = self._loop.call_at(max(self._loop.time(), self._pushed + _PACE), self._push)

    def _push(self) -> None:
        self._handle, self._pushed = None, self._loop.time()
        state = encode(self._state())
        # The documents are sanitized already, and keep their line breaks.
        self.send({**sanitize_all(state), "error_documents": state["error_documents"]})

    def _state(self) -> CardState:
        run = self._run
        self._sequence += 1
        traits = {name: getattr(run, name) for name in _TRAITS}
        typed = {
            "identity": _typed(Identity, run.identity),
            "command": command_text(run),
            "program": program_text(run),
            "policy": policy_text(run),
            "roles": tuple(map(_role_chain, run.roles[:_MAX_ROLES])),
            "warning": failed_checks_text(run),
            "decision": decision_about(run),
            "comparison": run.comparison.sentence if run.comparison else "",
            "has_plan": run.known_plan is not None,
            "has_timeline": bool(run.ended_at and any(each.start for each in run.resource_applies)),
            "progress": _progress(run.progress) if run.progress else None,
            "notes": (*checks_of(run), *run.notes[:_MAX_NOTES]),
            "error_documents": tuple(ErrorDocument(title=title, text=text) for title, text in documents_of(run)),
        }
        return CardState(
            seq=self._sequence,
            now=time.time(),
            question=self._asked.question,  # none of another prompt or card, which cannot be answered here
            **{**traits, **typed, **card_results(run)},
        )

    def _read(self, message: Any) -> CardRequest | None:
        return card_request(message)

    def _handle_request(self, request: CardRequest, code: Secret) -> None:
        match request:
            case Hello():
                self._greet(request)
                self.flush()
            case LinesRequest() | FindRequest() | TextRequest():
                self._log.answer(request)
            case PlanRowsRequest() | PlanGraphRequest() | TimelineRequest():
                if (answer := self._plan.answer(request)) is not None:
                    self.send(answer)
            case Authenticate() | UnsealedCode() | Confirm():
                self._asked.take(request, code)
            case Cancel() | Kill() | Discard():
                self._stop(request)

    def _stop(self, request: Cancel | Kill | Discard) -> None:
        with suppress(TfmfaError):  # pressed too late; the next state shows what happened
            match request:
                case Cancel():
                    self._run.cancel()
                    self._asked.resolve(Answer("cancel"))
                case Kill():
                    self._run.kill()
                case Discard() if self._asked.asking:
                    self._asked.resolve(Answer("discard"))
                case Discard():
                    self._run.discard()
        self._schedule()

    def _send_if_open(self, message: Any) -> None:
        if not self._gone:
            self.send(message)


def _typed(kind: type[_M], values: Mapping[str, Any]) -> _M:
    """The part of a message in a trait's dictionary, without the keys that front ends do not get."""
    return kind(**{each.name: values[each.name] for each in fields(kind) if each.name in values})  # type: ignore[arg-type]


def _role_chain(role: Mapping[str, Any]) -> RoleChain:
    hops = tuple(_typed(Hop, hop) for hop in role["hops"][:_MAX_HOPS])
    return RoleChain(provider=role["provider"], place=role["place"], hops=hops)


def _progress(progress: Mapping[str, Any]) -> Progress:
    current = progress.get("current") or []
    return Progress(
        done=progress.get("done", 0),
        total=progress.get("total", 0),
        failed=progress.get("failed", 0),
        version=progress.get("version", 0),
        current=tuple(_typed(ResourceInProgress, each) for each in current[:_MAX_CURRENT]),
        more=max(0, len(current) - _MAX_CURRENT),
        slowest=tuple(_typed(SlowResource, each) for each in progress.get("slowest") or ()),
        ends_at=progress.get("ends_at") or 0.0,
    )
