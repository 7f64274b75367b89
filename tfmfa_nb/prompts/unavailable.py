"""The prompt for front ends without one: it fails at once, with the reason and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.model.errors import PromptUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.model.prompt_kinds import PromptKind
    from tfmfa_nb.prompts import CodeRequest


class UnavailablePrompt:
    """Fails on every request.

    Args:
        reason: the reason and the remedy; continues "An MFA code is required, but ".
    """

    kind: PromptKind | None = None
    max_attempts: int | None = 1

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def ask(self, request: CodeRequest) -> NoReturn:  # noqa: ARG002 - signature of `Prompt`
        """Raise PromptUnavailable."""
        raise PromptUnavailable(f"An MFA code is required, but {self._reason}.")

    async def confirm(
        self,
        question: str,  # noqa: ARG002 - signature of `Prompt`
        *,
        decision: Sequence[str] = (),  # noqa: ARG002
        word: str = "",  # noqa: ARG002
    ) -> NoReturn:
        """Raise PromptUnavailable."""
        raise PromptUnavailable(
            "A confirmation is required, but no prompt is available.",
            "Plan with %%tfplan and apply with %tfapply in separate cells, or pass --auto-approve.",
        )
