"""The attempts to authenticate in one phase; each prompt shows why the previous code was refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import AuthenticationError, PromptTimedOut, RunCanceled
from tfmfa_nb.model.identity import Identity
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.runs.gate.decided import decided_on
from tfmfa_nb.runs.gate.evidence import record_code
from tfmfa_nb.runs.gate.exchange import exchange_code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.patience import Patience
    from tfmfa_nb.authentication.refusal import Refusal
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.statuses import Phase
    from tfmfa_nb.organization.variables import OrganizationVariables
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.aws_port import Aws
    from tfmfa_nb.runs.driver import Driver

# AWS does not limit the attempts, and each refused code is a line in the audit trail.
_MAX_REFUSED = 10


def code_needed(purpose: str) -> tuple[LockIndicator, str]:
    """The lock indicator until a code is accepted, for a purpose as in "A code is needed to apply"."""
    return LockIndicator.REQUIRED, f"A code is needed to {purpose}"


class CodeAttempts:
    """Asks for codes until AWS returns a session.

    Args:
        driver: driver of the run.
        phase: phase that requires the code.
        prompt: prompt that asks for the code.
        aws: exchanges a code for a session.
        session_seconds: duration of the session.
        answer_seconds: time limit of each prompt; None for no limit.
        check: called before a code is used, because a prompt may have been open for a long time.
        patience: for the calls after AWS has accepted the code.
        circumstances: what the trail's line about a refused code says besides; see `gate.evidence`.
    """

    def __init__(  # noqa: PLR0917 - created in one place
        self,
        driver: Driver,
        phase: Phase,
        prompt: Prompt,
        aws: Aws,
        session_seconds: int,
        answer_seconds: float | None,
        check: Callable[[], Awaitable[None]],
        patience: Patience,
        circumstances: Mapping[str, Any],
    ) -> None:
        self._driver, self._phase, self._prompt, self._aws = driver, phase, prompt, aws
        self._session_seconds, self._answer_seconds = session_seconds, answer_seconds
        self._check, self._patience, self._circumstances = check, patience, circumstances
        self._refusal: Refusal | None = None
        self._count = self._refused = 0

    async def next(self, variables: OrganizationVariables | None, problem: Refusal | None) -> MfaSession | None:
        """Ask for one code. Returns the session, or None if the code was refused; the next prompt then shows why.

        Args:
            variables: the present organization variables; None if they cannot be read.
            problem: what is wrong with the variables; None if nothing is.

        Raises:
            TfmfaError: the check failed; the code was not used.
            RunCanceled, RunDiscarded, PromptUnavailable, PromptTimedOut: the prompt returned no code.
            AuthenticationError: the prompt cannot supply another code, or too many were refused.
        """
        self._count += 1
        refusal = self._refusal or problem
        indicator = code_needed(self._driver.record.purpose)
        if refusal is not None:
            indicator = (LockIndicator.FAILED, refusal.problem)
            self._driver.show_indicator(*indicator, refusal.remedy)
        last = self._prompt.max_attempts
        if refusal and ((last is not None and self._count > last) or not (variables or last is None)):
            raise AuthenticationError(refusal.problem, refusal.remedy)
        if self._refused >= _MAX_REFUSED:
            raise AuthenticationError(
                f"{_MAX_REFUSED} codes were refused, the last one because: {refusal.problem if refusal else ''}",
                "Check the MFA device and its clock, then run the cell again.",
            )
        answer = await self._ask(
            CodeRequest(
                phase=self._phase,
                environment=self._driver.record.environment,
                identity=self._identity(),
                serial_number=variables.serial_number if variables else "",
                refusal=refusal,
                attempt=self._count,
                tell=lambda sentence: self._tell(sentence, indicator),
                canceled=lambda: self._driver.canceling,
                command=self._driver.record.command,
                decision=await decided_on(self._driver),
                workspace=self._driver.record.workspace,
            )
        )
        if not answer and not self._driver.canceling:
            self._refusal = None
            return None  # no code, but other variables, which are read now
        self._driver.code_given, self._refusal, sent = True, None, False
        try:
            if self._driver.canceling:
                raise RunCanceled("The run was canceled.", "The code was not used.")
            await self._check()
            self._driver.show_indicator(LockIndicator.VERIFYING, "Asking AWS…")
            if variables is None:
                return None  # the variables are read again
            sent = True
            session, self._refusal = await exchange_code(
                self._driver,
                self._aws,
                variables,
                answer,
                self._session_seconds,
                patience=self._patience,
                circumstances=self._circumstances,
            )
            self._refused += session is None
            return session
        finally:
            answer.forget()
            if not sent:
                serial = variables.serial_number if variables else ""
                record_code(self._driver, "code not used", serial_number=serial)

    def _tell(self, sentence: str, indicator: tuple[LockIndicator, str]) -> None:
        """Tell how the code is obtained: what a person has to do for it stands where the remedies stand."""
        self._driver.log(sentence)
        self._driver.show_indicator(*indicator, sentence)

    async def _ask(self, request: CodeRequest) -> Secret:
        try:
            async with asyncio.timeout(self._answer_seconds):
                with self._driver.waiting("code"):
                    return await self._prompt.ask(request)
        except TimeoutError:
            if self._answer_seconds is None:  # raised by the prompt itself
                raise
            raise PromptTimedOut(
                f"No code was entered within {self._answer_seconds:g} seconds.",
                "Run the cell again, or increase prompt_timeout.",
            ) from None

    def _identity(self) -> Identity | None:
        known = self._driver.record.identity
        return Identity(account=known["account"], arn=known["arn"]) if known else None
