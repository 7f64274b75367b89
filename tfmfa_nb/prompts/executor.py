"""The prompt where a program executes the notebook and nobody has it open, or where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.prompts.nobody import NobodyPrompt
from tfmfa_nb.prompts.unavailable import UnavailablePrompt

if TYPE_CHECKING:
    from tfmfa_nb.prompts import Prompt


def executor_prompt(marker: str, *, wait: bool) -> Prompt:
    """The prompt of the program that executes the notebook.

    Args:
        marker: marker of `jupyter tfmfa run`; "" for another program.
        wait: let the run wait for an answer from elsewhere. A runner answers itself, so it never waits.
    """
    if marker:
        from tfmfa_nb.prompts.runner import RunnerPrompt  # noqa: PLC0415 - only under `jupyter tfmfa run`

        return RunnerPrompt(marker)
    if wait:
        return NobodyPrompt()
    return UnavailablePrompt(
        "this notebook is executed by a program, and nobody has it open; set TFMFA_TOKEN_COMMAND to a command that "
        "prints the code, use jupyter tfmfa run, or let the run wait for the code with --wait"
    )


def program_prompt(*, wait: bool) -> Prompt:
    """The prompt of a program that is no notebook, and has no terminal.

    Args:
        wait: let the run wait for an answer from elsewhere.
    """
    return (
        NobodyPrompt()
        if wait
        else UnavailablePrompt(
            "this program has no terminal; set TFMFA_TOKEN_COMMAND, or token_command, to a command that prints the "
            "code, or let the run wait for the code with wait=True"
        )
    )
