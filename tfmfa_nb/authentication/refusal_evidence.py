"""What can be found out about a refused role without spending or changing anything, by whoever was refused.

AWS gives one text for most causes. The role itself, its trust policy and the caller's own policies may be looked at
with the very credentials that were refused, if these may; where they may not, nothing is known, and that is said.
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

from tfmfa_nb.authentication.aws_client import aws_client, call
from tfmfa_nb.authentication.policy_conditions import Between
from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.authentication.trust_policy_evaluation import account_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.policy_conditions import Known
    from tfmfa_nb.authentication.trust_policy_evaluation import Caller
    from tfmfa_nb.model.identity import Endpoint
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import RoleHop

MFA_PRESENT, MFA_AGE, EXTERNAL_ID = "aws:multifactorauthpresent", "aws:multifactorauthage", "sts:externalid"
_TIMEOUT = 4.0  # seconds for all of it: a person waits for the explanation
_EARLY, _LATE = 2.0, 30.0  # seconds by which AWS's count of MFA's age may differ from ours
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/(?:.*/)?(?P<name>[\w+=,.@-]+)")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An AssumeRole that was refused.

    Attributes:
        context: the request's condition keys, as far as they are known.
        chained: whether a role's session asked, and not the MFA session itself.
        session_seconds: how long the MFA session lasts.
    """

    caller: Caller
    hop: RoleHop
    context: Mapping[str, Known]
    chained: bool
    session_seconds: int

    @property
    def role_arn(self) -> str:
        """The role that was refused."""
        return self.hop.role_arn or ""

    @property
    def same_account(self) -> bool:
        """Whether the role is in the caller's own account."""
        return account_of(self.role_arn) == self.caller.account != ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found out; by default nothing.

    Attributes:
        exists: whether there is such a role; None where that is not known.
        other_arn: the ARN of the role of that name, where it is another one.
        trust: its trust policy as JSON; None where it could not be read.
        longest: its MaxSessionDuration in seconds; None where it could not be read.
        own: what the caller's own policies say: "allowed", "implicitDeny", "explicitDeny"; "" where not known.
        deniers: the names of the caller's policies that deny it.
    """

    exists: bool | None = None
    other_arn: str = ""
    trust: str | None = None
    longest: int | None = None
    own: str = ""
    deniers: tuple[str, ...] = ()


def context_of(session: MfaSession, hop: RoleHop, *, chained: bool) -> dict[str, Known]:
    """The condition keys of an AssumeRole, as far as they are known.

    Whether a role's session carries the MFA that it was given for is for AWS to say: behind a role it is not known.
    """
    context: dict[str, Known] = {EXTERNAL_ID: hop.external_id or None}
    if not chained:
        age = time.time() - session.authenticated_at
        context |= {MFA_PRESENT: "true", MFA_AGE: Between(max(0.0, age - _EARLY), age + _LATE)}
    return context


class IamReader:
    """Looks at IAM with the credentials that were refused; its client is made once, in a thread, if at all.

    Args:
        credentials: access key id, secret and, of a session, token.
        endpoint: where to ask.
    """

    __slots__ = ("_client", "_credentials", "_endpoint", "_making")

    def __init__(self, credentials: tuple[Secret | str, Secret, Secret | None], endpoint: Endpoint) -> None:
        self._credentials, self._endpoint = credentials, endpoint
        self._client: Any = None
        self._making = threading.Lock()

    def client(self) -> Any:
        """The IAM client; IAM's description is the longest of all, so it is not read on the kernel's loop."""
        with self._making:
            if self._client is None:
                self._client = aws_client("iam", *self._credentials, self._endpoint)
            return self._client


async def gather_evidence(looker: IamReader, attempt: Attempt, action: str) -> Evidence:
    """Ask about a refused role with the credentials that were refused; at most a few seconds, and never fails.

    Args:
        looker: who asks.
        attempt: what was refused.
        action: what AWS did not allow; "" where that was no permission, but the session's length.
    """
    match = _ROLE.fullmatch(attempt.role_arn)
    if match is None:
        return Evidence()
    asked: dict[str, asyncio.Task[dict[str, Any]]] = {}
    if attempt.same_account:
        asked["role"] = asyncio.create_task(_ask(lambda: _role(looker.client(), match["name"], attempt.role_arn)))
    if action and not attempt.caller.principal.endswith(":root"):
        asked["own"] = asyncio.create_task(_ask(lambda: _own(looker.client(), attempt, action)))
    if not asked:
        return Evidence()
    try:
        await asyncio.wait(asked.values(), timeout=_TIMEOUT)
    finally:
        for task in asked.values():
            task.cancel()
    found: dict[str, Any] = {}
    for task in asked.values():
        if task.done() and not task.cancelled():
            found |= task.result()
    return Evidence(**found)


async def _ask(make: Any) -> dict[str, Any]:
    with suppress(Refused):
        return await call(make, once=True)
    return {}


def _role(client: Any, name: str, arn: str) -> dict[str, Any]:
    """The role by its name, which is unique in an account whatever its path and its letters' case."""
    try:
        role = client.get_role(RoleName=name)["Role"]
    except client.exceptions.NoSuchEntityException:
        return {"exists": False}
    if role["Arn"] != arn:
        return {"exists": False, "other_arn": str(role["Arn"])}
    document = role.get("AssumeRolePolicyDocument")
    return {
        "exists": True,
        "trust": document if isinstance(document, str) else json.dumps(document),
        "longest": role.get("MaxSessionDuration"),
    }


def _own(client: Any, attempt: Attempt, action: str) -> dict[str, Any]:
    """What the caller's own policies say to the call, by IAM's own simulation."""
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
    if result.get("MissingContextValues"):  # it depends on what was not given
        return {}
    matched = result.get("MatchedStatements") or ()
    deniers = tuple(str(one.get("SourcePolicyId", "")) for one in matched)
    return {"own": str(result["EvalDecision"]), "deniers": deniers if result["EvalDecision"] == "explicitDeny" else ()}
