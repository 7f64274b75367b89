"""Chooses the prompt by its name, which is the setting `prompt` of `%config TfmfaMagics`, and by the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.prompts.disallowed import DisallowedPrompt, disallowed
from tfmfa_nb.prompts.form import FormPrompt
from tfmfa_nb.prompts.form_or_terminal import FormOrTerminalPrompt
from tfmfa_nb.prompts.nobody import NobodyPrompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.prompts.token_command import CommandPrompt
from tfmfa_nb.prompts.unavailable import UnavailablePrompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.prompts import Prompt

_OF_PERSONS = (FormPrompt, FormOrTerminalPrompt, NobodyPrompt, TerminalPrompt)


def choose_prompt(
    name: str,
    token_command: str,
    own: Prompt,
    *,
    attended: bool,
    allows: Callable[[str], bool] = lambda _: True,
    files: str = "",
    beside: Callable[[Prompt], Prompt] = lambda prompt: prompt,
) -> Prompt:
    """The prompt called `name`.

    Args:
        name: "auto" (the token command if one is set, otherwise the front end's own prompt), "form", "terminal",
            "command", "elsewhere" (the run waits for an answer from elsewhere), or "none" (a phase that needs a code
            fails at once).
        token_command: a command that prints a code; "" for none.
        own: the prompt of the front end.
        attended: whether a person can type in the front end.
        allows: tells whether the policy allows a kind of prompt. Where a person can answer, "auto" takes one that it
            allows.
        files: policy files that limit the prompts, for errors.
        beside: lets a run's owner answer from elsewhere, beside a prompt at which a person answers.
    """
    if name == "elsewhere":
        own = NobodyPrompt()
    if name == "none":
        return UnavailablePrompt("prompt is 'none'")
    by_itself = name == "auto" and token_command and (allows(PromptKind.COMMAND) or not attended)
    if name == "command" or by_itself:
        if not token_command:
            return UnavailablePrompt("prompt is 'command', but no token_command is set")
        prompt: Prompt = CommandPrompt(token_command)
    else:
        prompt = TerminalPrompt() if name == "terminal" and attended else own
    if isinstance(prompt, FormOrTerminalPrompt):
        if not allows(PromptKind.TERMINAL):
            prompt.disallow_terminal(disallowed(PromptKind.TERMINAL, allows, files))
        elif name == "auto" and not allows(PromptKind.FORM):
            prompt = TerminalPrompt()
    if prompt.kind is not None and not allows(prompt.kind):
        return DisallowedPrompt(prompt, allows, files)
    return beside(prompt) if isinstance(prompt, _OF_PERSONS) and allows(PromptKind.APPROVAL) else prompt


def choose_allowed_prompt(
    name: str,
    token_command: str,
    own: Prompt,
    policy: Policy,
    *,
    attended: bool = True,
    beside: Callable[[Prompt], Prompt] = lambda prompt: prompt,
) -> Prompt:
    """The prompt called `name`, as far as `policy` allows it; see `choose_prompt`."""
    files = ", ".join(map(str, policy.files_setting("prompts")))
    allows = policy.allows_prompt
    return choose_prompt(name, token_command, own, attended=attended, allows=allows, files=files, beside=beside)
