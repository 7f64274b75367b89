"""Asks on the terminal, or on a kernel's standard input, without an echo."""

from __future__ import annotations

import getpass
import math
import time
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled
from tfmfa_nb.model.redaction import Secret

if TYPE_CHECKING:
    from tfmfa_nb.prompts import CodeRequest


_INSTEAD = {
    "code": "Set TFMFA_TOKEN_COMMAND to a command that prints the code.",
    "confirmation": "Plan with %%tfplan and apply with %tfapply in cells of their own, or give --auto-approve.",
}


class TerminalPrompt:
    """A person at a terminal; an empty line, or the end of the input, leaves the prompt."""

    attempts: int | None = None

    async def ask(self, request: CodeRequest) -> Secret:
        """The code that was typed.

        Raises:
            RunCanceled: nothing was.
            PromptUnavailable: nobody can type here.
            AuthenticationError: organization variables are missing, or wrong.
        """
        request.refuse_wrong_variables("%tfmfa variables asks for them here.")
        refusal = request.refusal
        if refusal is not None:
            seconds = math.ceil(refusal.next_code_at - time.time())
            wait = f" The device shows it in {seconds} s." if seconds > 0 else ""
            print(f"{refusal.problem} {refusal.remedy}{wait}")  # noqa: T201 - a terminal's own way
        return Secret(_read(request.text(), "code"))

    async def confirm(self, question: str) -> bool:
        """Whether "yes" was typed, the word that Terraform itself asks for.

        Raises:
            RunCanceled: nothing was typed.
            PromptUnavailable: nobody can type here.
        """
        return _read(f"{question} Only 'yes' is accepted: ", "confirmation").strip() == "yes"


def _read(text: str, what: str) -> str:
    # `getpass.getpass` is looked up now: a kernel replaces it for each request.
    try:
        answer = getpass.getpass(text)
    except (EOFError, KeyboardInterrupt):
        answer = ""
    except Exception as error:
        if type(error).__name__ != "StdinNotImplementedError":
            raise
        answer = None
    if answer is None:
        raise PromptUnavailable(f"A {what} is needed, but this front end lets nobody type.", _INSTEAD[what])
    if not answer.strip():
        raise RunCanceled(f"No {what} was entered: the run was canceled.")
    return answer
