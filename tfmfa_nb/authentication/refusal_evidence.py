"""Evidence about a refused role, looked up with the refused credentials, without using a code or changing anything.

AWS returns one message for most causes. The refused credentials may be allowed to read the role, its trust policy, and
the caller's own policies. Evidence that they cannot read remains unknown, and the explanation says so.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.authentication.aws_client import aws_client, call_aws
from tfmfa_nb.authentication.policy_conditions import Between
from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.authentication.trust_policy_evaluation import account_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.policy_conditions import Known
    from tfmfa_nb.authentication.trust_policy_evaluation import Caller
    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import RoleHop

MFA_PRESENT, MFA_AGE, EXTERNAL_ID = "aws:multifactorauthpresent", "aws:multifactorauthage", "sts:externalid"
_TIMEOUT = 4.0  # seconds for all lookups: a person waits for the explanation
_EARLY, _LATE = 2.0, 30.0  # seconds by which the MFA age that AWS computes may differ from ours
_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:role/(?:.*/)?(?P<name>[\w+=,.@-]+)")


@dataclass(frozen=True, slots=True)
class RefusedAttempt:
    """A refused AssumeRole call.

    Attributes:
        caller: caller of AssumeRole.
        hop: role that was to be assumed.
        context: the request's condition keys, as far as they are known.
        chained: True if the caller is another role's session rather than the MFA session.
        session_seconds: duration of the MFA session.
    """

    caller: Caller
    hop: RoleHop
    context: Mapping[str, Known]
    chained: bool
    session_seconds: int

    @property
    def role_arn(self) -> str:
        """The ARN of the refused role."""
        return self.hop.role_arn or ""

    @property
    def same_account(self) -> bool:
        """True if the role is in the caller's own account."""
        return account_of(self.role_arn) == self.caller.account != ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence found; by default, everything is unknown.

    Attributes:
        exists: True if the role exists; None if unknown.
        other_arn: ARN of the role that has this name under another path.
        trust_policy: the role's trust policy as JSON; None if it could not be read.
        simulation: decision of IAM's simulation of the caller's own policies: "allowed", "implicitDeny",
            "explicitDeny"; "" if unknown.
        denying_policies: names of the caller's policies that deny the call.
    """

    exists: bool | None = None
    other_arn: str = ""
    trust_policy: str | None = None
    simulation: str = ""
    denying_policies: tuple[str, ...] = ()


def context_of(session: MfaSession, hop: RoleHop, *, chained: bool) -> dict[str, Known]:
    """The condition keys of an AssumeRole call, as far as they are known.

    AWS does not document if a role's session carries the MFA of its caller, so with role chaining MFA is unknown.
    """
    context: dict[str, Known] = {EXTERNAL_ID: hop.external_id or None}
    if not chained:
        age = time.time() - session.authenticated_at
        context |= {MFA_PRESENT: "true", MFA_AGE: Between(max(0.0, age - _EARLY), age + _LATE)}
    return context


class IamReader:
    """Reads IAM with the refused credentials; creates its client once, in a thread, on first use.

    Args:
        credentials: access key ID, secret access key and, for a session, token.
        endpoint: endpoint to call.
    """

    __slots__ = ("_client", "_client_creation", "_credentials", "endpoint")

    def __init__(self, credentials: tuple[Secret | str, Secret, Secret | None], endpoint: Endpoint) -> None:
        self._credentials, self.endpoint = credentials, endpoint
        self._client: Any = None
        self._client_creation = threading.Lock()

    def client(self) -> Any:
        """The IAM client. Call this in a thread: loading IAM's service description blocks for long."""
        with self._client_creation:
            if self._client is None:
                self._client = aws_client("iam", *self._credentials, self.endpoint)
            return self._client


async def gather_evidence(iam: IamReader, attempt: RefusedAttempt, action: str) -> Evidence:
    """Look up a refused role with the refused credentials; takes a few seconds at most and never fails.

    Args:
        iam: reader that holds the refused credentials.
        attempt: the refused call.
        action: the denied action; "" for none, so that only the role is looked up.
    """
    match = _ROLE_ARN.fullmatch(attempt.role_arn)
    if match is None:
        return Evidence()
    lookups: list[asyncio.Task[dict[str, Any]]] = []
    if attempt.same_account:
        lookups.append(
            asyncio.create_task(_look_up(lambda: _role(iam.client(), match["name"], attempt.role_arn), iam.endpoint))
        )
    if action and not attempt.caller.principal.endswith(":root"):
        lookups.append(asyncio.create_task(_look_up(lambda: _simulation(iam.client(), attempt, action), iam.endpoint)))
    if not lookups:
        return Evidence()
    try:
        await asyncio.wait(lookups, timeout=_TIMEOUT)
    finally:
        for task in lookups:
            task.cancel()
    found: dict[str, Any] = {}
    for task in lookups:
        if task.done() and not task.cancelled():
            found |= task.result()
    return Evidence(**found)


async def _look_up(send: Callable[[], dict[str, Any]], endpoint: Endpoint) -> dict[str, Any]:
    with suppress(Refused):
        return await call_aws(send, endpoint, once=True)
    return {}


def _role(client: Any, name: str, arn: str) -> dict[str, Any]:
    """The role by its name, which is unique in an account regardless of path and letter case."""
    try:
        role = client.get_role(RoleName=name)["Role"]
    except client.exceptions.NoSuchEntityException:
        return {"exists": False}
    if role["Arn"] != arn:
        return {"exists": False, "other_arn": str(role["Arn"])}
    document = role.get("AssumeRolePolicyDocument")
    return {
        "exists": True,
        "trust_policy": document if isinstance(document, str) else json.dumps(document),
    }


def _simulation(client: Any, attempt: RefusedAttempt, action: str) -> dict[str, Any]:
    """IAM's simulation of the caller's own policies (iam:SimulatePrincipalPolicy)."""
    entries = []
    if attempt.context.get(MFA_PRESENT) == "true":
        entries.append(("aws:MultiFactorAuthPresent", "true", "boolean"))
    age = attempt.context.get(MFA_AGE)
    if isinstance(age, Between):
        entries.append(("aws:MultiFactorAuthAge", str(int(age.low)), "numeric"))
    (result, *_) = client.simulate_principal_policy(
        PolicySourceArn=attempt.caller.principal,
        ActionNames=[action],
        ResourceArns=[attempt.role_arn],
        ContextEntries=[
            {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": kind}
            for name, value, kind in entries
        ],
    )["EvaluationResults"]
    if result.get("MissingContextValues"):  # the decision depends on an unknown value
        return {}
    decision = str(result["EvalDecision"])
    if decision != "explicitDeny":
        return {"simulation": decision}
    matched = result.get("MatchedStatements") or ()
    return {"simulation": decision, "denying_policies": tuple(str(one.get("SourcePolicyId", "")) for one in matched)}
