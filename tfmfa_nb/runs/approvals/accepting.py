"""Takes the answer to a request. Nothing that it says counts before it is compared, and STS has named its signer."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.network_route import host_of, route_to
from tfmfa_nb.authentication.presigned_identity import (
    LONGEST_SECONDS,
    Unacceptable,
    identify_signer,
    signature_of,
    signed_at,
)
from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.model.errors import ApprovalRefused
from tfmfa_nb.model.identity import Endpoint, same_person
from tfmfa_nb.organization.variables import endpoint_of
from tfmfa_nb.protocol.approvals import ApprovalAnswer, changed_facts, read_text, statement_of
from tfmfa_nb.runs.approvals.approvable import demanded_of, planned_record
from tfmfa_nb.runs.approvals.ledger import ANSWERED, REFUSED, Answer, Ledger, ledger_of
from tfmfa_nb.runs.gate.allowed_route import refuse_endpoint, refuse_route
from tfmfa_nb.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.identity import Identity
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.policy_approvals import RequiredApprovals
    from tfmfa_nb.protocol.records import RunRecord

_SKEW = 300.0  # seconds by which two clocks may differ
_REMEDY = "Have it approved again: ask with %tfruns request."


async def accept_answer(
    environment: Environment,
    run_id: str,
    text: str,
    *,
    policy: Policy,
    environ: Mapping[str, str],
    profile: str,
    now: float,
) -> Answer:
    """Take an answer, and write it to the audit trail; so is one that does not count, with the reason.

    Args:
        environment: environment of the run.
        run_id: ID of the run.
        text: the text that the person handed back.
        policy: organization policy.
        environ: process environment, for the STS endpoint.
        profile: AWS profile with the organization variables.
        now: seconds since the epoch.

    Raises:
        ApprovalRefused: it does not count.
        AuthenticationError: the policy does not allow the STS endpoint, or the way to it.
        Refused: STS gives no answer; the text can be used again.
        ConfigurationError: it is no such text, or the trail cannot be written.
        RunStateError: the run has no pending plan, or needs no approvals.
    """
    record, store = planned_record(environment, run_id), RunStore(environment, run_id)
    store.under(policy)
    required = demanded_of(environment, policy, environ)
    answer = read_text(text, ApprovalAnswer)
    ledger = ledger_of(store.trail.of_runs({run_id}).get(run_id, []), run_id)
    try:
        request = _request_of(answer, ledger, record, now)
        endpoint = Endpoint(str(request["region"]) or None, endpoint_of(environ, "", profile=profile).url)
        refuse_endpoint(policy, endpoint)
        route = await asyncio.to_thread(route_to, endpoint)
        refuse_route(policy, route)
        signature = _signature(answer, ledger, endpoint, required, now)
        statement = _statement(answer, request)
        identity = await _signer(signature, endpoint, statement)
        _check_signer(identity, request, required)
        # Who asks could keep an approval back, to hand it in after its withdrawal.
        if signed_at(signature) < ledger.decided_at(record.plan_sha256, identity.arn):
            raise Unacceptable(f"{identity.user} has decided otherwise since")
    except Unacceptable as error:
        why = str(error)
    else:
        digest = _digest(signature)
        given = Answer(
            identity.arn, answer.decision, record.plan_sha256, answer.nonce, answer.reason, signed_at(signature), digest
        )
        store.audit(
            ANSWERED,
            decision=given.decision,
            by=given.by,
            account=identity.account,
            phase=request["phase"],
            plan_sha256=given.plan_sha256,
            nonce=given.nonce,
            request_sha256=request["request_sha256"],
            reason=given.reason,
            signed_at=given.signed_at,
            signature_sha256=digest,
            access_key_id=signature["X-Amz-Credential"].partition("/")[0],
            role=required.role,
            host=answer.host,
            **route.facts(),  # which could have answered in AWS's place
        )
        return given
    store.audit(REFUSED, reason=why, nonce=answer.nonce, plan_sha256=record.plan_sha256)
    raise ApprovalRefused(f"The answer does not count: {why}.", _REMEDY)


def _request_of(answer: ApprovalAnswer, ledger: Ledger, record: RunRecord, now: float) -> Mapping[str, Any]:
    """The trail's line about the request that is answered."""
    if not all(text.isprintable() for text in (answer.run, answer.nonce, answer.host, answer.reason)):
        raise Unacceptable("it has characters that nobody can see")
    if answer.run != record.id:
        raise Unacceptable(f"it is about {answer.run}")
    request = ledger.requests.get(answer.nonce)
    if request is None:
        raise Unacceptable("nobody has asked for it here")
    if request["plan_sha256"] != record.plan_sha256:
        raise Unacceptable("it is about another plan")
    if request["request_sha256"] != answer.request_sha256:
        raise Unacceptable("what was shown to the person is not what was asked")
    if now > request["expires_at"]:
        raise Unacceptable("the request has expired")
    return request


def _signature(
    answer: ApprovalAnswer, ledger: Ledger, endpoint: Endpoint, required: RequiredApprovals, now: float
) -> Mapping[str, str]:
    if answer.host != host_of(endpoint):
        raise Unacceptable(f"it is signed for {answer.host}, not for {host_of(endpoint)}")
    signature = signature_of(answer.parameters)
    if ledger.has_seen(_digest(signature)):
        raise Unacceptable("it was used before")
    age, allowed = now - signed_at(signature), min(LONGEST_SECONDS, required.maximum_age)
    if age < -_SKEW:
        raise Unacceptable("its date is in the future")
    if age > min(allowed, int(signature["X-Amz-Expires"])):
        raise Unacceptable(f"it is {age:.0f} s old")
    return signature


def _statement(answer: ApprovalAnswer, request: Mapping[str, Any]) -> str:
    """What must have been signed, by what is known here."""
    names = ("run", "phase", "plan_sha256", "account", "nonce", "request_sha256")
    known = {name: str(request[name]) for name in names}
    expected = statement_of(**known, decision=answer.decision, reason=answer.reason)
    if answer.statement != expected:
        raise Unacceptable(f"what was signed has another {' and '.join(changed_facts(answer.statement, expected))}")
    return expected


async def _signer(signature: Mapping[str, str], endpoint: Endpoint, statement: str) -> Identity:
    try:
        return await identify_signer(signature, endpoint, statement)
    except Refused as error:
        if error.refusal.transient:
            raise
        problem = error.refusal.kind
    raise Unacceptable(f"STS does not accept its signature ({problem})")


def _check_signer(identity: Identity, request: Mapping[str, Any], required: RequiredApprovals) -> None:
    if identity.account != request["account"]:
        raise Unacceptable(f"it comes from account {identity.account}, and the run is in {request['account']}")
    if identity.arn.endswith(":root") or not required.allows(identity.arn):
        raise Unacceptable(f"the organization policy does not let {identity.arn} approve")
    if required.not_by_requester and same_person(identity.arn, str(request["requester"])):
        raise Unacceptable(f"{identity.user} has asked for it, and may not approve it too")


def _digest(signature: Mapping[str, str]) -> str:
    return hashlib.sha256(signature["X-Amz-Signature"].encode()).hexdigest()
