"""The card of a fleet: its matrix, live, with the field for the code that is given for all of its runs."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from traitlets import Unicode

from tfmfa_nb.model.errors import RunCanceled, TfmfaError
from tfmfa_nb.prompts.form import HELLO_TIMEOUT
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.messages import (
    ApplySelected,
    Authenticate,
    Cancel,
    Confirm,
    Discard,
    FleetChoice,
    FleetState,
    Hello,
    PauseFleet,
    UnsealedCode,
    fleet_request,
)
from tfmfa_nb.protocol.words import count
from tfmfa_nb.views.card_widget import CardWidget
from tfmfa_nb.views.fleet_matrix import fleet_text
from tfmfa_nb.views.fleet_state import fleet_facts
from tfmfa_nb.views.open_question import Answer
from tfmfa_nb.views.sanitize import sanitize_all

if TYPE_CHECKING:
    import asyncio

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.protocol.messages import FleetRequest

_BYTES = 200_000  # in a second: the Jupyter server drops what comes faster than a megabyte
_MOST = 1_000  # runs at once, that go first, or that may fail


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person has chosen to apply.

    Attributes:
        names: names of the environments.
        at_once, canary, stop_after: how the fleet goes on; see `Pace`.
    """

    names: tuple[str, ...]
    at_once: int
    canary: int
    stop_after: int


class FleetCard(CardWidget):
    """Shows `fleet`, and handles its buttons.

    Args:
        fleet: the fleet; the traits of its runs may change on any thread.
        patience: how many seconds a front end may take to display the card; None for however long it takes.

    Attributes:
        patience: `patience`.
    """

    _model_name = Unicode("FleetCardModel").tag(sync=True)
    _view_name = Unicode("FleetCardView").tag(sync=True)

    def __init__(self, fleet: Fleet, patience: float | None = HELLO_TIMEOUT) -> None:
        self._fleet, self.patience = fleet, patience
        self._sent: Any = None
        self._next = 0.0
        self._choice: FleetChoice | None = None
        self._chosen: asyncio.Future[ApplySelected | None] | None = None
        super().__init__()

    def text(self) -> str:
        """The fleet as a table."""
        return fleet_text(self._fleet)

    @property
    def displayed(self) -> bool:
        """True if a front end displays the card."""
        return self._displayed.is_set()

    @property
    def closed(self) -> bool:
        """True once nothing can be answered on the card any more."""
        return self._gone

    @property
    def asks(self) -> str:
        """What the card asks for: "code", "confirm", "selection"; "" for nothing."""
        question = self._asked.question
        return question.kind if question is not None else "selection" if self._choice is not None else ""

    def cancel(self) -> None:
        """Cancel the fleet, or, while a person selects what is applied, the apply; on any thread."""
        self._on_loop(self._cancel)

    async def ask(self, question: dict[str, Any]) -> Answer:
        """Show `question` and wait for the answer. Canceling the fleet is an answer too."""
        if self._fleet.canceling:
            return Answer("cancel")
        question = {"phase": str(self._fleet.phase), **question}
        question = {"button": self._button(question), **question}
        try:
            return await self._asked.ask(question, self.refresh)
        finally:
            self.refresh()

    async def choose(self, at_once: int, canary: int, stop_after: int) -> Chosen:
        """Let the person choose what to apply.

        Args:
            at_once: what is proposed; see `Pace` for each.
            canary: what is proposed.
            stop_after: what is proposed.

        Raises:
            RunCanceled: the person canceled.
        """
        number = self._asked.number()
        self._choice = FleetChoice(number=number, at_once=at_once, canary=canary, stop_after=stop_after)
        self._chosen = self._loop.create_future()
        self.refresh()
        try:
            chosen = await self._chosen
        finally:
            self._choice = self._chosen = None
            self.refresh()
        if chosen is None:
            raise RunCanceled("Nothing was applied.", "The plans still wait for their apply.")
        names = tuple(self._fleet.names[row] for row in sorted({*chosen.rows}))
        return Chosen(names, chosen.at_once, chosen.canary, chosen.stop_after)

    def look(self) -> None:
        """Show what has changed, unless the last state was large, and has just been sent."""
        if self._loop.time() >= self._next:
            self.refresh()

    def refresh(self, *, anew: bool = False) -> None:
        """Send the state if it has changed.

        Args:
            anew: send it in any case.
        """
        if self._gone:
            return
        if self._fleet.canceling:
            self._asked.resolve(Answer("cancel"))
        state = sanitize_all(encode(self._state()))
        if (shown := {**state, "seq": 0, "now": 0}) == self._sent and not anew:
            return
        self._sent = shown
        self._sequence += 1
        self.send({**state, "seq": self._sequence})
        self._next = self._loop.time() + len(str(state)) / _BYTES

    def close(self) -> None:
        """Close the card."""
        if not getattr(self, "_gone", True):
            self._gone = True
            self._asked.resolve(Answer("cancel"))
        super().close()

    def _state(self) -> FleetState:
        facts = fleet_facts(self._fleet)
        return FleetState(
            seq=0,
            now=time.time(),
            question=self._asked.question,
            choice=self._choice,
            **facts,
        )

    def _button(self, question: dict[str, Any]) -> str:
        if question.get("word"):
            return "Confirm"  # the word is one environment's
        total = len(self._fleet.taking_part) - len(self._fleet.stopped)
        what = f"{question['phase']} {count(total)} {'environment' if total == 1 else 'environments'}"
        return f"Authenticate and {what}" if question["kind"] == "code" else f"Confirm & {what}"

    def _read(self, message: Any) -> FleetRequest | None:
        return fleet_request(message)

    def _handle_request(self, request: FleetRequest, code: Secret) -> None:
        match request:
            case Hello():
                self._greet(request)
                self.refresh(anew=True)
            case Authenticate() | UnsealedCode() | Confirm():
                self._asked.take(request, code)
            case ApplySelected():
                self._select(request)
            case PauseFleet(paused=paused):
                (self._fleet.pause if paused else self._fleet.resume)()
            case Discard():
                self._asked.resolve(Answer("discard"))
            case Cancel():
                self._cancel()
        self.refresh()

    def _cancel(self) -> None:
        if self._chosen is not None:
            if not self._chosen.done():
                self._chosen.set_result(None)
            return
        with suppress(TfmfaError):  # what runs is interrupted, also if another kernel cannot be told
            self._fleet.cancel()
        self._asked.resolve(Answer("cancel"))

    def _select(self, request: ApplySelected) -> None:
        if self._chosen is None or self._chosen.done() or self._choice is None or request.number != self._choice.number:
            return
        names, applicable = self._fleet.names, self._fleet.applicable
        fits = all(0 <= row < len(names) and names[row] in applicable for row in request.rows)
        numbers = (request.at_once, request.canary, request.stop_after)
        if request.rows and fits and all(0 <= number <= _MOST for number in numbers):
            self._chosen.set_result(request)
