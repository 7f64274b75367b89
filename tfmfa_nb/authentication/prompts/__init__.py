"""Prompts: the ways in which a person, or a device, can be asked for a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tfmfa_nb.authentication.diagnosis import Refusal
    from tfmfa_nb.redaction import Secret
    from tfmfa_nb.words import Identity, Phase


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What a person should know before typing a code.

    Attributes:
        identity: who will act; None where AWS could not be asked.
        refusal: what was wrong with the last code, or with what it is sent with.
        attempt: 1 for the first time.
    """

    phase: Phase
    environment: str
    identity: Identity | None
    serial_number: str
    refusal: Refusal | None
    attempt: int

    def text(self) -> str:
        """One line, for a terminal or a label."""
        whose = f" of {self.identity.user} in account {self.identity.account}" if self.identity else ""
        device = f" ({self.serial_number})" if self.serial_number else ""
        return f'MFA code{whose}{device} to {self.phase} "{self.environment}": '


class Prompt(Protocol):
    """Someone, or something, that can be asked.

    Attributes:
        attempts: how many codes it may be asked for in one phase; None for as many as it takes.
    """

    attempts: int | None

    async def ask(self, request: CodeRequest) -> Secret:
        """What was answered, unchecked.

        Raises:
            RunCanceled: the person left the prompt; a plan that waits goes on waiting.
            RunDiscarded: the person gave the plan up.
            NobodyToAsk: nobody can answer here.
        """
        ...

    async def confirm(self, question: str) -> bool:
        """Whether the person agrees.

        Raises:
            RunCanceled, NobodyToAsk: as for `ask`.
        """
        ...
