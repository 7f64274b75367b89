"""The prompt in place of one that the organization policy does not allow: confirmations only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.model.errors import PromptUnavailable
from tfmfa_nb.model.prompt_kinds import PromptKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tfmfa_nb.prompts import CodeRequest, Prompt


class DisallowedPrompt:
    """Fails on every request for a code; another prompt asks for confirmations.

    Args:
        prompt: the prompt that must not ask for a code.
        allows: tells whether the policy allows a kind of prompt.
        files: policy files that limit the prompts.
    """

    max_attempts: int | None = 1

    def __init__(self, prompt: Prompt, allows: Callable[[str], bool], files: str) -> None:
        self.kind = prompt.kind
        self._prompt, self._allows, self._files = prompt, allows, files

    async def ask(self, request: CodeRequest) -> NoReturn:  # noqa: ARG002 - signature of `Prompt`
        """Raise PromptUnavailable."""
        raise disallowed(self.kind, self._allows, self._files)

    async def confirm(self, question: str, *, decision: Sequence[str] = (), word: str = "") -> bool:
        """Whether the person says yes; a confirmation is no code."""
        return await self._prompt.confirm(question, decision=decision, word=word)


def disallowed(kind: PromptKind | None, allows: Callable[[str], bool], files: str) -> PromptUnavailable:
    """The error that says that the policy does not allow a kind of prompt, and which ones it allows."""
    others = ", ".join(f'"{each}"' for each in PromptKind if allows(each))
    return PromptUnavailable(
        f'An MFA code is required, but the prompt "{kind}" is not allowed (organization policy {files}).',
        f"Allowed: {others}. A notebook chooses with %config TfmfaMagics.prompt." if others else "Ask an owner.",
    )
