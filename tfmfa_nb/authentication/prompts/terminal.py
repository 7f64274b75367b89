"""Asks on the terminal, or on a kernel's standard input, without an echo."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from tfmfa_nb.errors import NobodyToAsk, RunCanceled
from tfmfa_nb.redaction import Secret

if TYPE_CHECKING:
    from tfmfa_nb.authentication.prompts import CodeRequest


class TerminalPrompt:
    """A person at a terminal; an empty line, or the end of the input, leaves the prompt."""

    attempts: int | None = None

    async def ask(self, request: CodeRequest) -> Secret:
        """The code that was typed."""
        if request.refusal is not None:
            print(f"{request.refusal.problem} {request.refusal.remedy}")  # noqa: T201 - a terminal's own way
        return Secret(_read(request.text()))

    async def confirm(self, question: str) -> bool:
        """Whether "yes" was typed, the word that Terraform itself asks for."""
        return _read(f"{question} Only 'yes' is accepted: ").strip() == "yes"


def _read(text: str) -> str:
    # `getpass.getpass` is looked up now: a kernel replaces it for each request.
    try:
        answer = getpass.getpass(text)
    except (EOFError, KeyboardInterrupt):
        answer = ""
    except Exception as error:
        if type(error).__name__ != "StdinNotImplementedError":
            raise
        raise NobodyToAsk(
            "An MFA code is needed, but this front end lets nobody type.",
            "Set TFMFA_TOKEN_COMMAND to a command that prints the code.",
        ) from None
    if not answer.strip():
        raise RunCanceled("No code was entered: the run was canceled.")
    return answer
