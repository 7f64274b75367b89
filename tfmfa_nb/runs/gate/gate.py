"""The gate before a phase: who is it, may they, and with which session.

A refused code never ends the run: the lock turns red, says why and what to do, and the same prompt asks
again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.codes import UsedCodes, read_code
from tfmfa_nb.authentication.diagnosis import Refusal, RefusalKind, Refused
from tfmfa_nb.model.errors import AccountNotAllowed, AuthenticationError, ConfigurationError
from tfmfa_nb.model.identity import Identity
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.runs.events import Authenticated, IdentityKnown, RolesChanged
from tfmfa_nb.runs.gate.alias import show_alias
from tfmfa_nb.runs.gate.roles import (
    check_run_roles,
    refuse_long_sessions,
    refuse_other_roles,
    turn_red,
    unchecked_roles,
)
from tfmfa_nb.runs.ports import RealAws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.authentication.session import MfaSession
    from tfmfa_nb.model.roles import RoleChain
    from tfmfa_nb.model.statuses import Phase
    from tfmfa_nb.organization.variables import OrganizationVariables
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.ports import Aws

# Process-wide: a code is spent for every run of this kernel.
_USED_CODES = UsedCodes()


@dataclass(slots=True)
class Gate:
    """What stands between a run and AWS.

    Attributes:
        prompt: who is asked for codes.
        environ: where organization variables and regions are read from.
        profile: the AWS profile that holds the organization variables; "" for none.
        session_seconds: how long a session lasts, 900 to 129,600.
        answer_seconds: how long a prompt waits for its answer; None, the default, for ever.
        policy: the organization's.
        aws: who is asked about keys, codes and roles.
    """

    prompt: Prompt
    environ: Mapping[str, str] = field(repr=False)
    profile: str = ""
    session_seconds: int = 3600
    answer_seconds: float | None = None
    policy: Policy = field(default_factory=Policy)
    aws: Aws = field(default_factory=RealAws)

    async def pass_through(self, driver: Driver, phase: Phase, chains: Sequence[RoleChain]) -> MfaSession:
        """Ask until AWS accepts a code, then check that every role can be assumed.

        Raises:
            RunCanceled, RunDiscarded, NobodyToAsk, PromptTimedOut: as the prompt was answered, or was not.
            AuthenticationError: no further code can be had from this prompt.
            RoleRefused: the session is good, but a role cannot be assumed with it.
        """
        driver.tell(Authenticated())
        driver.show_indicator(LockIndicator.REQUIRED, f"MFA code required to {phase}")
        driver.roles = unchecked_roles(chains)
        driver.tell(RolesChanged(driver.roles))
        refuse_other_roles(driver, chains, self.policy)
        refuse_long_sessions(driver, chains)
        refusal: Refusal | None = None
        attempt = 0
        while True:
            attempt += 1
            variables, problem = await self._identify(driver)
            refusal = refusal or problem
            try:
                session, refusal = await self._attempt(driver, phase, variables, refusal, attempt)
            finally:
                if variables is not None:
                    variables.forget()
            if session is None:
                continue
            try:
                await check_run_roles(driver, self, session, chains)
                self._welcome(driver, phase, session)
            except BaseException:
                session.forget()
                raise
            return session

    async def _attempt(
        self,
        driver: Driver,
        phase: Phase,
        variables: OrganizationVariables | None,
        refusal: Refusal | None,
        attempt: int,
    ) -> tuple[MfaSession | None, Refusal | None]:
        """Ask once; what was wrong before is shown first."""
        if refusal is not None:
            driver.show_indicator(LockIndicator.FAILED, refusal.problem, refusal.remedy)
        last = self.prompt.attempts
        if refusal and ((last is not None and attempt > last) or not (variables or last is None)):
            raise AuthenticationError(refusal.problem, refusal.remedy)
        request = CodeRequest(
            phase=phase,
            environment=driver.record.environment,
            identity=_identity(driver),
            serial_number=variables.serial_number if variables else "",
            refusal=refusal,
            attempt=attempt,
        )
        answer = await self._ask(request)
        try:
            driver.show_indicator(LockIndicator.VERIFYING, "Asking AWS…")
            return await self._exchange(driver, variables, answer)
        finally:
            answer.forget()

    async def _identify(self, driver: Driver) -> tuple[OrganizationVariables | None, Refusal | None]:
        """Who the organization variables belong to, which is shown before a code is typed."""
        try:
            # In a thread: a keychain may ask the person to unlock it.
            variables = await asyncio.to_thread(read_variables, self.environ, self.profile)
        except ConfigurationError as error:
            return None, Refusal(
                kind=RefusalKind.VARIABLES,
                problem=error.problem,
                remedy=error.remedy,
                code_spent=False,
                asks_again=True,
            )
        try:
            identity = await self.aws.identify(variables.access_key_id, variables.secret_access_key, variables.endpoint)
        except Refused as error:
            return variables, error.refusal
        except BaseException:
            variables.forget()
            raise
        self._know(driver, variables, identity)
        return variables, None

    def _know(self, driver: Driver, variables: OrganizationVariables, identity: Identity) -> None:
        """Show whose key it is, and refuse an account that the policy does not allow."""
        driver.tell(
            IdentityKnown(
                {
                    "account": identity.account,
                    "alias": "",
                    "user": identity.user,
                    "arn": identity.arn,
                    "serial_number": variables.serial_number,
                    "region": variables.endpoint.region or "",
                    "source": variables.source,
                }
            )
        )
        if not self.policy.allows_account(identity.account):
            files = ", ".join(map(str, self.policy.said_by("accounts")))
            variables.forget()
            raise turn_red(
                driver,
                AccountNotAllowed(
                    f"The organization does not allow runs in account {identity.account} (says {files}).",
                    "Use the keys of an allowed account; no code was spent.",
                ),
            )
        show_alias(driver, self, variables)

    async def _ask(self, request: CodeRequest) -> Secret:
        if self.answer_seconds is None:
            return await self.prompt.ask(request)
        from tfmfa_nb.model.errors import PromptTimedOut  # noqa: PLC0415

        try:
            async with asyncio.timeout(self.answer_seconds):
                return await self.prompt.ask(request)
        except TimeoutError:
            raise PromptTimedOut(
                f"Nobody gave a code in {self.answer_seconds:g} seconds.",
                "Run it again when somebody is there, or set prompt_timeout higher.",
            ) from None

    async def _exchange(
        self, driver: Driver, variables: OrganizationVariables | None, answer: Secret
    ) -> tuple[MfaSession | None, Refusal | None]:
        """The code for a session; whatever AWS, or we, have against it becomes the next prompt's refusal."""
        if variables is None:
            return None, None  # the variables are read anew, and say again what they lack
        serial, code = variables.serial_number, Secret("")
        try:
            code = read_code(answer.reveal())
            _USED_CODES.refuse_if_used(serial, code)
            session = await self.aws.get_session(
                variables.access_key_id,
                variables.secret_access_key,
                serial,
                code,
                duration_seconds=self._seconds(),
                endpoint=variables.endpoint,
            )
        except Refused as error:
            refusal = error.refusal
            if refusal.code_spent and refusal.kind is not RefusalKind.USED:  # which is remembered from its first use
                _USED_CODES.remember(serial, code)
            driver.store.audit("mfa", result=str(refusal.kind), serial_number=serial)
            return None, refusal
        except asyncio.CancelledError:  # AWS may have it by now
            _USED_CODES.remember(serial, code)
            raise
        else:
            _USED_CODES.remember(serial, code)
            return session, None
        finally:
            code.forget()

    def _seconds(self) -> int:
        """How long the session may last: what was set, within the policy's bounds."""
        shortest, longest = self.policy.session_bounds
        return min(max(self.session_seconds, shortest), longest)

    def _welcome(self, driver: Driver, phase: Phase, session: MfaSession) -> None:
        """Say it on screen, in the log and in the audit trail: the old product's own sentence."""
        user = session.identity.user
        driver.store.audit(
            "mfa",
            result="authenticated",
            phase=str(phase),
            user=session.identity.arn,
            account=session.identity.account,
            serial_number=session.serial_number,
            roles=[hop["arn"] for role in driver.roles for hop in role["hops"]],
        )
        driver.log(f"Authenticated with MFA by {user}")
        driver.tell(Authenticated(user, driver.ports.clock()))
        until = f"{session.expiration:%H:%M} UTC"
        driver.show_indicator(LockIndicator.AUTHENTICATED, f"Authenticated with MFA by {user} (session until {until})")


def _identity(driver: Driver) -> Identity | None:
    known = driver.record.identity
    return Identity(account=known["account"], arn=known["arn"]) if known else None
