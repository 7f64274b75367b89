"""Prompts: the ways in which a person, or a device, can be asked for a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tfmfa_nb.model.errors import AuthenticationError

if TYPE_CHECKING:
    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.model.identity import Identity
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.statuses import Phase


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

    def refuse_wrong_variables(self, remedy: str = "") -> None:
        """For a prompt beside which nobody can set organization variables: what is wrong with them stays wrong.

        Args:
            remedy: how they can be set there.

        Raises:
            AuthenticationError: something is, and no code would mend it.
        """
        if self.refusal is not None and self.refusal.requires_new_variables:
            raise AuthenticationError(self.refusal.problem, f"{self.refusal.remedy} {remedy}".strip())


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
            PromptUnavailable: nobody can answer here.
            AuthenticationError: the organization variables are wrong, and cannot be set while this is asked.
        """
        ...

    async def confirm(self, question: str) -> bool:
        """Whether the person agrees.

        Raises:
            RunCanceled, PromptUnavailable: as for `ask`.
        """
        ...
