"""Prompts: the ways to obtain a code or a confirmation from a person or a device, one module for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tfmfa_nb.model.errors import AuthenticationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.model.identity import Identity
    from tfmfa_nb.model.prompt_kinds import PromptKind
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.statuses import Phase


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """A request for a code, with the context that a person needs before entering it.

    Attributes:
        phase: phase that requires the code.
        environment: name of the environment.
        identity: identity that the session will have; None if AWS could not be reached.
        serial_number: ARN or serial number of the MFA device; "" if unknown.
        refusal: refusal of the previous code or of the organization variables; None if there was none.
        attempt: number of the attempt, starting at 1.
        tell: gets each sentence about how the code is obtained, for the run's card and its log.
        canceled: tells whether a person has canceled the run, for prompts at which nobody can.
        command: the command of Terraform's that the code is for; "" for a plan, an apply, or an unlock.
        decision: what the apply of the plan does, one line each; empty for everything else. A card shows it itself.
        workspace: Terraform's workspace; "" if none is known.
        purpose: what the code is for, if it is not the phase: "approve the apply of"; "" for the phase.
    """

    phase: Phase
    environment: str
    identity: Identity | None
    serial_number: str
    refusal: Refusal | None
    attempt: int
    tell: Callable[[str], None] = field(default=lambda _: None, repr=False, compare=False)
    canceled: Callable[[], bool] = field(default=lambda: False, repr=False, compare=False)
    command: str = ""
    decision: tuple[str, ...] = ()
    workspace: str = ""
    purpose: str = ""

    def text(self) -> str:
        """The request in one line, for a terminal or a label."""
        owner = f" of {self.identity.user} in account {self.identity.account}" if self.identity else ""
        device = f" ({self.serial_number})" if self.serial_number else ""
        purpose = self.purpose or (f"run {self.command} on" if self.command else str(self.phase))
        workspace = "" if self.workspace in {"", "default"} else f" (workspace {self.workspace})"
        return f'MFA code{owner}{device} to {purpose} "{self.environment}"{workspace}: '

    def refuse_wrong_variables(self, remedy: str = "") -> None:
        """End the request if the organization variables are at fault; for prompts that cannot change them meanwhile.

        Args:
            remedy: how to set them.

        Raises:
            AuthenticationError: the variables are at fault, so that no code would help.
        """
        if self.refusal is not None and self.refusal.requires_new_variables:
            raise AuthenticationError(self.refusal.problem, f"{self.refusal.remedy} {remedy}".strip())


class Prompt(Protocol):
    """A way to obtain codes and confirmations.

    Attributes:
        kind: by which a policy allows it, and after a code, how that was obtained; None if it never obtains a code.
        max_attempts: number of codes that may be requested in one phase; None for no limit.
    """

    kind: PromptKind | None
    max_attempts: int | None

    async def ask(self, request: CodeRequest) -> Secret:
        """The entered code, not yet validated; "" where new organization variables are to be read instead.

        Raises:
            RunCanceled: the person left the prompt; a pending plan remains pending.
            RunDiscarded: the person discarded the plan.
            PromptUnavailable: the prompt cannot obtain a code here.
            AuthenticationError: the organization variables are at fault and cannot be changed during the request.
        """
        ...

    async def confirm(self, question: str, *, decision: Sequence[str] = (), word: str = "") -> bool:
        """True if the person confirms.

        Args:
            question: one line.
            decision: what the apply of the plan does, one line each, for prompts that show nothing else.
            word: what a person has to type to confirm; "" for a button, or for the word "yes".

        Raises:
            RunCanceled: the person left the prompt.
            PromptUnavailable: the prompt cannot obtain a confirmation here.
        """
        ...
