"""The prompt on the card: it waits for what the person types or presses there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.model.errors import RunCanceled, RunDiscarded

if TYPE_CHECKING:
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.prompts import CodeRequest

HELLO_TIMEOUT = 8.0
"""How many seconds a front end may take to display a widget; a cold JupyterLab has drawn its first well within them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answered on the card: kind is "code", "confirm", "cancel" or "discard"."""

    kind: str
    code: Secret | None = None


class Card(Protocol):
    """What the prompt needs of the run's card."""

    async def wait_for_front_end(self, seconds: float) -> bool:
        """Whether a front end has shown it, now or within `seconds`."""
        ...

    async def ask(self, question: dict[str, Any]) -> Answer:
        """Put `question` to the person and wait for the answer."""
        ...


class NoFrontEnd(Exception):
    """Nothing displays the card, so nobody can answer on it; another prompt has to ask."""


def why_here(widget: str) -> str:
    """One sentence for whoever is asked on the terminal instead of on `widget`."""
    return (
        f"This front end does not display the {widget} (the JupyterLab extension tfmfa_nb is missing, disabled or of "
        "another version), so you are asked here."
    )


class FormPrompt:
    """Asks on a run's card.

    Args:
        card: where.
        hello_timeout: how many seconds the card may take to say that it is shown.
    """

    attempts: int | None = None

    def __init__(self, card: Card, hello_timeout: float = HELLO_TIMEOUT) -> None:
        self._card = card
        self._hello_timeout = hello_timeout

    async def ask(self, request: CodeRequest) -> Secret:
        """Wait for a code.

        Raises:
            RunCanceled: the person canceled.
            RunDiscarded: the person discarded the plan.
            NoFrontEnd: the card is not displayed anywhere.
        """
        question: dict[str, Any] = {
            "kind": "code",
            "phase": str(request.phase),
            "text": request.text(),
            "attempt": request.attempt,
            "next_code_at": request.refusal.next_code_at if request.refusal else 0.0,
        }
        answer = await self._answer(question)
        if answer.code is None:
            raise RunDiscarded("The plan was discarded.", "Nothing was changed.")
        return answer.code

    async def confirm(self, question: str) -> bool:
        """Wait for "Confirm & apply" (True) or "Discard" (False).

        Raises:
            RunCanceled: the person canceled.
            NoFrontEnd: the card is not displayed anywhere.
        """
        answer = await self._answer({"kind": "confirm", "phase": "apply", "text": question, "attempt": 1})
        return answer.kind == "confirm"

    async def _answer(self, question: dict[str, Any]) -> Answer:
        if not await self._card.wait_for_front_end(self._hello_timeout):
            raise NoFrontEnd
        answer = await self._card.ask(question)
        if answer.kind == "cancel":
            raise RunCanceled("The run was canceled.", "Nothing was changed.")
        return answer
