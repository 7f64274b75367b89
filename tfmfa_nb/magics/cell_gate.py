"""The gate of a cell's run, by the settings of the call and by where the cell's questions are answered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from tfmfa_nb.prompts.choice import choose_allowed_prompt
from tfmfa_nb.runs.gate.gate import Gate

if TYPE_CHECKING:
    from tfmfa_nb.magics.front_end import FrontEnd
    from tfmfa_nb.organization.policy import Policy

_UNATTENDED = 3_600.0  # seconds that a run waits for a code where nobody has sent its cell


class Settings(Protocol):
    """What `%config TfmfaMagics` says about prompts and sessions."""

    prompt: str
    token_command: str
    profile: str
    session_duration: int
    prompt_timeout: float
    notify: list[str]
    notify_key: str

    def read_policy(self) -> Policy:
        """The organization policy."""
        ...


def gate_of(front_end: FrontEnd, settings: Settings) -> Gate:
    """The gate of a run that `front_end` shows.

    Raises:
        ConfigurationError: the policy cannot be understood.
    """
    policy = settings.read_policy()
    return Gate(
        choose_allowed_prompt(
            settings.prompt,
            settings.token_command,
            front_end.prompt,
            policy,
            attended=front_end.attended,
            beside=front_end.beside,
        ),
        os.environ,
        settings.profile,
        settings.session_duration,
        settings.prompt_timeout or (None if front_end.attended else _UNATTENDED),
        policy,
        settings.read_policy,
    )
