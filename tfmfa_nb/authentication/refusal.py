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
    EXPIRED = "expired session"
    REGION = "region disabled"
    DENIED = "denied"
    THROTTLED = "throttled"
    UNREACHABLE = "not reachable"
    UNANSWERED = "no answer"
    NOT_AWS = "answered by something else"
    UNAVAILABLE = "not available"
    SERVICE = "service error"
    INVALID = "invalid request"


class Cause(StrEnum):
    """The causes of a refused role. AWS has the same message for the first six."""

    MISSING = "the role does not exist"
    PRINCIPAL = "its trust policy does not allow this principal"
    MFA = "a condition on MFA or its age is not met"
    EXTERNAL_ID = "the external ID is missing or wrong"
    CONDITION = "another condition is not met"
    CALLER = "the caller's own policies do not allow the call, or deny it"
    DURATION = "the session would be too long"
    REGION = "STS is not activated in the Region"
    THROTTLED = "AWS is throttling requests"


# Refusals that no code can fix.
_VARIABLES_AT_FAULT = frozenset(
    {
        RefusalKind.VARIABLES,
        RefusalKind.UNKNOWN_KEY,
        RefusalKind.WRONG_SECRET,
        RefusalKind.SESSION_KEY,
        RefusalKind.WRONG_DEVICE,
    }
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
        possible: for a role, the causes that remain possible if it is not known.
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
    def requires_new_variables(self) -> bool:
        """True if only different organization variables help, and no code."""
        return self.kind in _VARIABLES_AT_FAULT


class Refused(AuthenticationError):
    """AWS or this package refused. The error holds no exception of the AWS client, whose frames hold keys."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.problem, refusal.remedy)
        self.refusal = refusal
