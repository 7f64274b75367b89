"""The prompt on a run's card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.model.errors import RunCanceled, RunDiscarded
from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.visible import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tfmfa_nb.prompts import CodeRequest

HELLO_TIMEOUT = 8.0
"""How many seconds a front end may take to display a widget; enough for a JupyterLab that has just started."""

NOBODY_HERE = (
    "Nobody has this notebook open. The run waits until somebody opens it and answers on its card, or answers with "
    "jupyter tfmfa approve, for prompt_timeout, or an hour without it."
)
_SET_VARIABLES = "Set the organization variables in the form below, then try again."


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's answer on the card.

    Attributes:
        kind: "code", "confirm", "cancel", or "discard".
        code: the entered code; None for the other kinds.
    """

    kind: str
    code: Secret | None = None


class Card(Protocol):
    """The part of a run's card that the prompt uses."""

    async def wait_for_front_end(self, seconds: float | None) -> bool:
        """True if a front end displays the card now or within `seconds`; None for however long it takes."""
        ...

    async def ask(self, question: dict[str, Any]) -> Answer:
        """Show `question` and wait for the answer."""
        ...


class NoFrontEnd(Exception):
    """No front end displays the card, so another prompt has to be used."""


def why_here(widget: str) -> str:
    """The sentence for a person who is asked in the terminal instead of on `widget`."""
    return (
        f"This front end does not display the {widget} (the JupyterLab extension tfmfa_nb is missing, disabled, or a "
        "different version), so the prompt is here."
    )


class FormPrompt:
    """Prompts on a run's card.

    Args:
        card: card to prompt on.
        hello_timeout: seconds within which a front end has to display the card; None to wait for it.
        show_variables: shows the form for the organization variables below the card; None where there is none.
        nobody: whether to say that nobody sees the card, as long as that is so.
    """

    kind: PromptKind | None = PromptKind.FORM
    max_attempts: int | None = None

    def __init__(
        self,
        card: Card,
        hello_timeout: float | None = HELLO_TIMEOUT,
        show_variables: Callable[[], None] | None = None,
        *,
        nobody: bool = False,
    ) -> None:
        self._card = card
        self._hello_timeout = hello_timeout
        self._show_variables = show_variables
        self._shown = False
        self._nobody = nobody

    async def ask(self, request: CodeRequest) -> Secret:
        """Wait for a code; "" once a person has set the organization variables that were missing or wrong.

        Raises:
            RunCanceled: the person canceled.
            RunDiscarded: the person discarded the plan.
            NoFrontEnd: no front end displays the card.
        """
        question: dict[str, Any] = {"phase": str(request.phase), "attempt": request.attempt}
        wrong = request.refusal is not None and request.refusal.requires_new_variables
        if wrong and self._show_variables is not None:  # a code would not help
            question |= {"kind": "confirm", "text": _SET_VARIABLES, "button": "Try again"}
        else:
            wait = request.refusal.next_code_at if request.refusal else 0.0
            question |= {"kind": "code", "text": request.text(), "next_code_at": wait}
        answer = await self._answer(question, wrong=wrong)
        if answer.kind == "discard":
            raise RunDiscarded("The plan was discarded.", "Nothing was changed.")
        return answer.code or Secret("")

    async def confirm(
        self,
        question: str,
        *,
        decision: Sequence[str] = (),  # noqa: ARG002 - the card shows it itself
        word: str = "",
    ) -> bool:
        """Wait for "Confirm & apply" (True) or "Discard" (False).

        Raises:
            RunCanceled: the person canceled.
            NoFrontEnd: no front end displays the card.
        """
        answer = await self._answer({"kind": "confirm", "text": question, "attempt": 1, "word": word})
        return answer.kind == "confirm"

    async def _answer(self, question: dict[str, Any], *, wrong: bool = False) -> Answer:
        if self._nobody and not await self._card.wait_for_front_end(0.0):
            say(NOBODY_HERE)  # for the program that has sent the cell
        self._nobody = False
        if not await self._card.wait_for_front_end(self._hello_timeout):
            raise NoFrontEnd
        if wrong and self._show_variables is not None and not self._shown:
            self._shown = True
            self._show_variables()
        answer = await self._card.ask(question)
        if answer.kind == "cancel":
            raise RunCanceled("The run was canceled.", "Nothing was changed.")
        return answer
