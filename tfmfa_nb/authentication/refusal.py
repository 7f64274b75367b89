"""Refusals: the reasons for which a session or a role cannot be obtained, each with a problem and a remedy."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import AuthenticationError

if TYPE_CHECKING:
    from tfmfa_nb.model.problems import Document

_CODE_SECONDS = 30  # time for which a device shows a code (RFC 6238, and AWS's devices)


def next_code_at() -> float:
    """The time at which a device shows its next code, in seconds since the epoch."""
    return float((int(time.time()) // _CODE_SECONDS + 1) * _CODE_SECONDS)


class RefusalKind(StrEnum):
    """The kinds of refusals; their values appear in the audit trail."""

    MALFORMED = "malformed code"
    USED = "code used before"
    WRONG_CODE = "wrong code"
    WRONG_DEVICE = "wrong MFA device"
    VARIABLES = "organization variables"
    WRONG_SECRET = "wrong secret access key"  # noqa: S105 - names a kind
    UNKNOWN_KEY = "unknown access key"
    SESSION_KEY = "session credentials"
    CLOCK = "clock"
    ROLE = "role refused"
    ROOT_USER = "root user"
    EXPIRED = "expired session"
    REGION = "region not usable"
    ENDPOINT = "wrong endpoint"
    ACCOUNT = "account not activated"
    SETTINGS = "settings of the AWS SDK"
    CREDENTIALS = "no credentials"
    DENIED = "denied"
    THROTTLED = "throttled"
    UNREACHABLE = "not reachable"
    UNANSWERED = "no answer"
    NOT_AWS = "answered by something else"
    UNAVAILABLE = "not available"
    SERVICE = "service error"
    INVALID = "invalid request"


class Cause(StrEnum):
    """The causes of a refused role. AWS can have the same message for the first six."""

    MISSING = "the role does not exist"
    PRINCIPAL = "its trust policy does not allow this principal"
    MFA = "a condition on MFA or its age is not met"
    EXTERNAL_ID = "the external ID is missing or wrong"
    CONDITION = "another condition is not met"
    CALLER = "the caller's own policies do not allow the call, or deny it"
    SERVICE_CONTROL = "a service control policy does not allow the call"
    RESOURCE_CONTROL = "a resource control policy does not allow the call"
    BOUNDARY = "the caller's permissions boundary does not allow the call"
    SESSION_POLICY = "the session policy of the caller does not allow the call"
    ENDPOINT_POLICY = "the policy of the VPC endpoint does not allow the call"
    ROOT_USER = "the root user can assume no role"
    ARGUMENT = "an argument of the assume_role block is not valid"
    DURATION = "the session would be too long"
    REGION = "STS is not usable in the Region"
    THROTTLED = "AWS is throttling requests"


# Refusals that no code can fix.
_VARIABLES_AT_FAULT = frozenset(
    {
        RefusalKind.VARIABLES,
        RefusalKind.UNKNOWN_KEY,
        RefusalKind.WRONG_SECRET,
        RefusalKind.SESSION_KEY,
        RefusalKind.ROOT_USER,
        RefusalKind.WRONG_DEVICE,
    }
)


# Refusals that neither a code nor other organization variables can fix.
_SETTINGS_AT_FAULT = frozenset(
    {RefusalKind.REGION, RefusalKind.ENDPOINT, RefusalKind.SETTINGS, RefusalKind.ACCOUNT, RefusalKind.CREDENTIALS}
)


# Refusals that may end without anyone doing anything: AWS has not said no.
_TRANSIENT = frozenset(
    {
        RefusalKind.UNREACHABLE,
        RefusalKind.UNANSWERED,
        RefusalKind.THROTTLED,
        RefusalKind.UNAVAILABLE,
        RefusalKind.SERVICE,
        RefusalKind.NOT_AWS,
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason for which a session or a role could not be obtained.

    Attributes:
        problem: one sentence that names the problem.
        remedy: one sentence that says how to fix it. It may stay on screen for long, so it contains nothing that
            time makes untrue.
        code_spent: True if AWS accepted, or may have accepted, the code, so that the next one is needed.
        next_code_at: the time at which the device shows its next code, in seconds since the epoch; 0 if the remedy
            is not to enter that code.
        reason: for a role, the reason in a few words, to stand beside the role's name.
        action: for a role, the denied action if AWS reported nothing else: "sts:AssumeRole", "sts:TagSession".
        explicit_deny: for a role, True if AWS reported an explicit Deny.
        cause: for a role, the cause if it is known.
        possible: for a role, the causes that remain possible if it is not known; empty if AWS has ruled out none.
        ruled_out: for a role, the causes that are ruled out.
        documents: policies or HCL that fix the problem, ready to paste.
    """

    kind: RefusalKind
    problem: str
    remedy: str
    code_spent: bool = False
    next_code_at: float = 0.0
    reason: str = ""
    action: str = ""
    explicit_deny: bool = False
    cause: Cause | None = None
    possible: tuple[Cause, ...] = ()
    ruled_out: tuple[Cause, ...] = ()
    documents: tuple[Document, ...] = ()

    @property
    def transient(self) -> bool:
        """True if AWS has not answered the question, so that the same call may succeed later."""
        return self.kind in _TRANSIENT

    @property
    def requires_new_settings(self) -> bool:
        """True if settings of the AWS SDK, or of the account, have to change first, so that no code can be used."""
        return self.kind in _SETTINGS_AT_FAULT

    @property
    def requires_new_variables(self) -> bool:
        """True if only different organization variables help, and no code."""
        return self.kind in _VARIABLES_AT_FAULT


# AWS's own rule: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
ROOT_USER = Refusal(
    RefusalKind.ROOT_USER,
    "The access key belongs to the account's root user, and the root user can assume no role.",
    "Create an IAM user with an MFA device, use its access key, and delete the root user's keys.",
)


def transient(kind: RefusalKind, problem: str, step: str, *, carries_code: bool, maybe_spent: bool = False) -> Refusal:
    """A failure that a retry can fix; if the call carried a code, the remedy says whether to reuse it.

    Args:
        kind: kind of the refusal.
        problem: what is wrong, without a period.
        step: what to do before the retry, without a period.
        carries_code: True if the call carried an MFA code.
        maybe_spent: True if AWS may have received the call.
    """
    if not carries_code:
        return Refusal(kind, f"{problem}.", f"{step}, then try again.")
    if maybe_spent:
        remedy = f"{step}, then enter the next code that your device shows."
        return Refusal(kind, f"{problem}; the code may have been used.", remedy, code_spent=True)
    return Refusal(kind, f"{problem}.", f"{step}, then enter a code; the previous one was not used.")


class Refused(AuthenticationError):
    """AWS or this package refused. The error holds no exception of the AWS client, whose frames hold keys."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.problem, refusal.remedy)
        self.refusal = refusal
