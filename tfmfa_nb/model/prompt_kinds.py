"""The kinds of prompts that an organization can allow."""

from __future__ import annotations

from enum import StrEnum


class PromptKind(StrEnum):
    """Where a code comes from."""

    FORM = "form"  # the run's card
    TERMINAL = "terminal"
    COMMAND = "command"  # a token command, also that of `jupyter tfmfa run`
    RUNNER = "runner"  # `jupyter tfmfa run`
    APPROVAL = "approval"  # given elsewhere: in another notebook, or by `jupyter tfmfa approve`
