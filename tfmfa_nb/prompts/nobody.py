"""The prompt of a run that nobody can answer where it was started: it waits for an answer from elsewhere."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.model.prompt_kinds import PromptKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.prompts import CodeRequest

_LONG = 3_600.0  # seconds


class NobodyPrompt:
    """Waits; `ElsewherePrompt` ends the wait with an answer, and the caller with a time limit."""

    kind: PromptKind | None = PromptKind.APPROVAL
    max_attempts: int | None = None

    async def ask(self, request: CodeRequest) -> NoReturn:
        """Wait until the caller cancels it.

        Raises:
            AuthenticationError: the organization variables are at fault, and nobody can change them.
        """
        request.refuse_wrong_variables("Set them in the process that runs the kernel.")
        while True:  # noqa: ASYNC110 - there is no event: the caller ends it
            await asyncio.sleep(_LONG)

    async def confirm(
        self,
        question: str,  # noqa: ARG002 - signature of `Prompt`
        *,
        decision: Sequence[str] = (),  # noqa: ARG002
        word: str = "",  # noqa: ARG002
    ) -> NoReturn:
        """Wait until the caller cancels it."""
        while True:  # noqa: ASYNC110 - there is no event: the caller ends it
            await asyncio.sleep(_LONG)
