"""No prompt: says at once why, and what would help."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.model.errors import PromptUnavailable

if TYPE_CHECKING:
    from tfmfa_nb.prompts import CodeRequest


class UnavailablePrompt:
    """Refuses to ask.

    Args:
        reason: why, and what would help; goes on from "An MFA code is needed, but ".
    """

    attempts: int | None = 1

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def ask(self, request: CodeRequest) -> NoReturn:  # noqa: ARG002 - Prompt's own signature
        """Refuse."""
        raise PromptUnavailable(f"An MFA code is needed, but {self._reason}.")

    async def confirm(self, question: str) -> NoReturn:  # noqa: ARG002 - Prompt's own signature
        """Refuse."""
        raise PromptUnavailable(
            "A confirmation is needed, and nobody can give one here.",
            "Plan with %%tfplan and apply with %tfapply in cells of their own, or give --auto-approve.",
        )
