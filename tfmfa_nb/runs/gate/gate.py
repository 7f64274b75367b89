"""The MFA gate in front of a phase: identifies the person, checks the policy, and obtains a session.

A refused code never ends the run: the lock indicator turns red and shows the problem with its remedy, and the same
prompt asks again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.runs.events import Authenticated, IdentityKnown, RolesChanged
from tfmfa_nb.runs.gate.attempts import CodeAttempts, code_needed
from tfmfa_nb.runs.gate.evidence import circumstances, evidence, record_code
from tfmfa_nb.runs.gate.key_owner import identify_owner
from tfmfa_nb.runs.gate.real_aws import RealAws
from tfmfa_nb.runs.gate.roles import (
    check_run_roles,
    needed_seconds,
    refuse_durations,
    refuse_other_roles,
    unchecked_roles,
)
from tfmfa_nb.runs.gate.waiting import PACE, WaitingCalls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.model.roles import RoleChain
    from tfmfa_nb.model.statuses import Phase
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.aws_port import Aws
    from tfmfa_nb.runs.driver import Driver


_NO_CODE = "No code is requested until AWS answers."
_SESSION_KEPT = "AWS accepted the code, and the session is kept."


@dataclass(slots=True)
class Gate:
    """The MFA gate of a run.

    Attributes:
        prompt: prompt that asks for codes.
        environ: process environment, for the organization variables and the region.
        profile: AWS profile with the organization variables; "" for none.
        session_seconds: duration of a session, 900 to 129,600; 0 for what the phase needs.
        answer_seconds: time limit of a prompt; None for no limit.
        policy: organization policy, against which the whole phase is checked.
        read_policy: reads the policy as it is now; None if nobody can change it.
        aws: checks keys, codes, and roles.
        pace: seconds between two tries while AWS gives no answer.
    """

    prompt: Prompt
    environ: Mapping[str, str] = field(repr=False)
    profile: str = ""
    session_seconds: int = 0
    answer_seconds: float | None = None
    policy: Policy = field(default_factory=Policy)
    read_policy: Callable[[], Policy] | None = None
    aws: Aws = field(default_factory=RealAws)
    pace: float = PACE

    def with_environ(self, more: Mapping[str, str]) -> Gate:
        """The gate of a run whose processes get these variables too."""
        return replace(self, environ={**self.environ, **more}) if more else self

    async def pass_through(
        self,
        driver: Driver,
        phase: Phase,
        chains: Sequence[RoleChain],
        look_again: Callable[[], Awaitable[Sequence[RoleChain]]] | None = None,
    ) -> MfaSession:
        """Ask until AWS accepts a code, then check that every role can be assumed.

        Args:
            driver: driver of the run.
            phase: phase that requires the code.
            chains: role chains of the configuration.
            look_again: checks the configuration before a code is used; returns its role chains.

        Raises:
            TfmfaError: `look_again` found something that is not allowed; no code was used.
            RunCanceled, RunDiscarded, PromptUnavailable, PromptTimedOut: the prompt returned no code.
            AuthenticationError: the prompt cannot supply another code.
            RoleRefused: a role cannot be assumed with the session, or is not allowed.
        """
        driver.tell(Authenticated())
        required = code_needed(driver.record.purpose)
        driver.show_indicator(*required)
        driver.roles = unchecked_roles(chains)
        driver.tell(RolesChanged(driver.roles))
        refuse_other_roles(driver, chains, self.policy)
        refuse_durations(driver, chains)
        seconds = self.policy.session_of(self.session_seconds or needed_seconds(phase, chains))

        async def check() -> None:
            nonlocal chains
            if look_again is not None:
                chains = await look_again()

        attempts = CodeAttempts(
            driver,
            phase,
            self.prompt,
            self.aws,
            seconds,
            self.answer_seconds,
            check,
            self.keeping_session(driver),
            circumstances(driver, phase, self.prompt.kind, self.environ),
        )
        while True:
            variables, problem = await self.patience(driver, _NO_CODE, *required)(
                lambda: identify_owner(driver, self.aws, self.policy, self.environ, self.profile, chains=chains)
            )
            try:
                session = await attempts.next(variables, problem)
            finally:
                if variables is not None:
                    variables.forget()
            if session is None:
                continue
            request_ids: list[str] = []
            try:
                request_ids = await check_run_roles(driver, self.aws, session, chains, self.keeping_session(driver))
                self._report_authentication(driver, phase, session, request_ids)
            except BaseException:
                if not driver.record.authenticated_by:
                    record_code(driver, "session not used", **self._evidence(driver, phase, session, request_ids))
                session.forget()
                raise
            return session

    def keeping_session(self, driver: Driver) -> WaitingCalls:
        """The patience of the calls that have a session already."""
        return self.patience(driver, _SESSION_KEPT, LockIndicator.VERIFYING, "Asking AWS…")

    def patience(self, driver: Driver, meanwhile: str, indicator: LockIndicator, text: str) -> WaitingCalls:
        """The patience of a call; see `gate.patience`."""
        attended = self.prompt.max_attempts is None
        return WaitingCalls(driver, meanwhile, (indicator, text), attended=attended, pace=self.pace)

    def _report_authentication(
        self, driver: Driver, phase: Phase, session: MfaSession, request_ids: Sequence[str]
    ) -> None:
        """Report the authentication on screen, in the log, and in the audit trail, in Terraform Enterprise's words."""
        user = session.identity.user
        driver.store.audit("mfa", **self._evidence(driver, phase, session, request_ids))
        identity = {**driver.record.identity, "endpoint": session.endpoint_url}
        driver.tell(IdentityKnown(identity))
        driver.log(f"Authenticated with MFA by {user}")
        driver.tell(Authenticated(user, driver.ports.clock()))
        driver.show_indicator(LockIndicator.AUTHENTICATED, f"Authenticated with MFA by {user} ({session.lasts})")

    def _evidence(
        self, driver: Driver, phase: Phase, session: MfaSession, request_ids: Sequence[str]
    ) -> dict[str, Any]:
        return evidence(driver, session, phase, self.prompt.kind, environ=self.environ, role_requests=request_ids)
