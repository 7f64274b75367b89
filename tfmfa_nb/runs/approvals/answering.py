"""Answers a request on the machine of the person who is asked, with that person's own keys, device, and policy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.mfa_codes import parse_code
from tfmfa_nb.authentication.network_route import route_to
from tfmfa_nb.authentication.patience import once
from tfmfa_nb.authentication.presigned_identity import assume_to_approve, presign
from tfmfa_nb.authentication.refusal import Refusal, Refused
from tfmfa_nb.model.errors import ApprovalRefused, AuthenticationError, ConfigurationError, RunStateError
from tfmfa_nb.model.identity import Endpoint, same_person
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.protocol.approvals import ApprovalAnswer, ApprovalRequest, armored, read_text, sha256_of, statement_of
from tfmfa_nb.runs.gate.allowed_route import refuse_endpoint, refuse_route

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.variables import OrganizationVariables
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.aws_port import Aws

    Decision = Literal["approve", "reject", "withdraw"]

_MOST_CODES = 5
_PURPOSES: dict[str, str] = {
    "approve": "approve the {} of",
    "reject": "reject the {} of",
    "withdraw": "withdraw the approval of the {} of",
}
_LONGEST_REASON = 300  # characters
_SECONDS = 900  # of the session, which only signs


def decision_of_options(reject: str | None, *, withdraw: bool) -> tuple[Decision, str]:
    """The decision and its reason.

    Args:
        reject: why the plan is rejected; None if it is not.
        withdraw: whether an approval is withdrawn.

    Raises:
        ConfigurationError: both are given, or the reason is empty, too long, or has characters that nobody can see.
    """
    if reject is None:
        return ("withdraw", "") if withdraw else ("approve", "")
    if withdraw or not reject.strip() or not reject.isprintable() or len(reject) > _LONGEST_REASON:
        raise ConfigurationError(
            f"A rejection needs a reason, in one line of up to {_LONGEST_REASON} characters, and no --withdraw.",
            'Example: --reject "not on a Friday"',
        )
    return "reject", reject.strip()


async def answer_request(
    text: str,
    decision: Decision,
    reason: str,
    *,
    policy: Policy,
    prompt: Prompt,
    environ: Mapping[str, str],
    profile: str,
    aws: Aws,
    now: float,
) -> str:
    """The text that the person hands back.

    Args:
        text: the request.
        decision: "approve", "reject", or "withdraw" what was approved before.
        reason: why; "" for none.
        policy: organization policy of the person's own machine.
        prompt: asks for the code.
        environ: process environment, for the organization variables.
        profile: AWS profile with the organization variables; "" for none.
        aws: checks keys and codes.
        now: seconds since the epoch.

    Raises:
        ConfigurationError: the text is no request, or the organization variables are missing or wrong.
        RunStateError: the request has expired.
        Refused: AWS does not know the key, refuses the role, or gives no answer.
        ApprovalRefused: the person has asked for it, which the request says does not count.
        AuthenticationError: the policy does not allow the STS endpoint or the way to it; or too many codes are refused.
        RunCanceled, PromptUnavailable: the prompt returned no code.
    """
    request = read_text(text, ApprovalRequest)
    if now > request.expires_at:
        raise RunStateError("The request has expired.", "Have the person who asks make a new one.")
    variables = await asyncio.to_thread(read_variables, environ, profile, region=request.region)
    try:
        refuse_endpoint(policy, variables.endpoint)
        refuse_route(policy, await asyncio.to_thread(route_to, variables.endpoint))
        session = await _session(request, _PURPOSES[decision].format(request.phase), variables, prompt, aws)
    finally:
        variables.forget()
    digest = sha256_of(text)
    statement = statement_of(
        run=request.run,
        phase=request.phase,
        plan_sha256=request.plan_sha256,
        account=request.account,
        nonce=request.nonce,
        request_sha256=digest,
        decision=decision,
        reason=reason,
    )
    credentials = (session.access_key_id, session.secret_access_key, session.session_token)
    try:
        if request.role:
            name = session.identity.user
            credentials = await assume_to_approve(credentials, request.role, name, session.endpoint)
        # Of the person's own settings, never of the request: only the Region is the run's.
        endpoint = Endpoint(request.region or session.endpoint.region, session.endpoint.url)
        host, parameters = presign(credentials, endpoint, statement)
    finally:
        for secret in credentials:
            secret.forget()
        session.forget()
    return armored(
        ApprovalAnswer(
            run=request.run,
            nonce=request.nonce,
            decision=decision,
            reason=reason,
            request_sha256=digest,
            host=host,
            parameters=parameters,
            statement=statement,
        )
    )


async def _session(
    request: ApprovalRequest, purpose: str, variables: OrganizationVariables, prompt: Prompt, aws: Aws
) -> MfaSession:
    """The session that AWS gives for a code; the prompt shows why the one before was refused."""
    identity = await aws.identify(variables.access_key_id, variables.secret_access_key, variables.endpoint)
    if request.not_by_requester and same_person(identity.arn, request.requester):
        raise ApprovalRefused(
            f"{identity.user} has asked for it, and may not answer it too.",
            "Have it answered by somebody else. No code was spent.",
        )
    refusal: Refusal | None = None
    for attempt in range(1, _MOST_CODES + 1):
        if refusal and prompt.max_attempts is not None and attempt > prompt.max_attempts:
            break
        asked = CodeRequest(
            phase=Phase.APPLY,
            environment=request.environment,
            identity=identity,
            serial_number=variables.serial_number,
            refusal=refusal,
            attempt=attempt,
            workspace=request.workspace,
            purpose=purpose,
        )
        try:
            return await _exchange(asked, variables, prompt, aws)
        except Refused as error:
            refusal = error.refusal
    assert refusal is not None  # noqa: S101 - no other way leads here
    raise AuthenticationError(refusal.problem, refusal.remedy)


async def _exchange(asked: CodeRequest, variables: OrganizationVariables, prompt: Prompt, aws: Aws) -> MfaSession:
    """The session that AWS gives for what the prompt returns, which is forgotten."""
    answer = await prompt.ask(asked)
    try:
        code = parse_code(answer.reveal())
    finally:
        answer.forget()
    try:
        return await aws.get_session(
            variables.access_key_id,
            variables.secret_access_key,
            variables.serial_number,
            code,
            duration_seconds=_SECONDS,
            endpoint=variables.endpoint,
            patience=once,
        )
    finally:
        code.forget()
