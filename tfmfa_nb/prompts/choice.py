"""Chooses the prompt by its name, which is the setting `prompt` of `%config TfmfaMagics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.prompts.token_command import CommandPrompt
from tfmfa_nb.prompts.unavailable import UnavailablePrompt

if TYPE_CHECKING:
    from tfmfa_nb.prompts import Prompt


def choose_prompt(name: str, token_command: str, own: Prompt, *, attended: bool) -> Prompt:
    """The prompt called `name`.

    Args:
        name: "auto" (the token command if one is set, otherwise the front end's own prompt), "form", "terminal" or
            "command".
        token_command: a command that prints a code; "" for none.
        own: the prompt of the front end.
        attended: whether a person can type in the front end.
    """
    if name == "command" or (name == "auto" and token_command):
        if not token_command:
            return UnavailablePrompt("prompt is 'command', but no token_command is set")
        return CommandPrompt(token_command)
    return TerminalPrompt() if name == "terminal" and attended else own
