"""What can stand between a person and a session: its kind, its words, its remedy."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import AuthenticationError

if TYPE_CHECKING:
    from tfmfa_nb.model.problems import Document

_WINDOW = 30  # seconds that a code is shown for (RFC 6238, and AWS's devices)


def next_code_at() -> float:
    """When a device shows its next code, in seconds since the epoch."""
    return float((int(time.time()) // _WINDOW + 1) * _WINDOW)


class RefusalKind(StrEnum):
    """What stood in the way."""

    MALFORMED = "malformed code"
    USED = "code used before"
    WRONG_CODE = "wrong code"
    WRONG_DEVICE = "wrong MFA device"
    VARIABLES = "organization variables"
    WRONG_SECRET = "wrong secret access key"  # noqa: S105 - a name for a fault
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
    """Why a role is refused. AWS has one text for the first six of them."""

    MISSING = "the role does not exist"
    PRINCIPAL = "its trust policy lacks this principal"
    MFA = "a condition on MFA or its age is not met"
    EXTERNAL_ID = "the external id is missing or wrong"
    CONDITION = "another condition is not met"
    CALLER = "the caller lacks the permission, or is denied it"
    DURATION = "the session would be too long"
    REGION = "STS is switched off in the region"
    THROTTLED = "AWS is throttling the calls"


# No code mends these.
_IN_VARIABLES = frozenset(
    {
        RefusalKind.VARIABLES,
        RefusalKind.UNKNOWN_KEY,
        RefusalKind.WRONG_SECRET,
        RefusalKind.SESSION_KEY,
        RefusalKind.WRONG_DEVICE,
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a session, or a role, could not be had.

    Attributes:
        problem: what is wrong.
        remedy: what to do. It may stand on screen for long, so it says nothing that becomes untrue meanwhile.
        code_spent: whether AWS has, or may have, taken the code, so that the next one is needed.
        next_code_at: when the device shows its next code, in seconds since the epoch, where the remedy is to enter
            that; else 0.
        why: for a role, the reason alone: a few words beside the role's own name.
        action: what AWS did not allow on a role, where that is all it said: "sts:AssumeRole", "sts:TagSession".
        cause: of a refused role, where it is known.
        possible: which causes it may have, where it is not known.
        ruled_out: which of them it cannot have.
        documents: what mends it, ready to paste.
    """

    kind: RefusalKind
    problem: str
    remedy: str
    code_spent: bool = False
    next_code_at: float = 0.0
    why: str = ""
    action: str = ""
    cause: Cause | None = None
    possible: tuple[Cause, ...] = ()
    ruled_out: tuple[Cause, ...] = ()
    documents: tuple[Document, ...] = ()

    @property
    def requires_new_variables(self) -> bool:
        """Whether it takes other organization variables, however many codes are given."""
        return self.kind in _IN_VARIABLES


class Refused(AuthenticationError):
    """AWS, or we, refused; it holds no exception of the AWS client, whose frames hold keys."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.problem, refusal.remedy)
        self.refusal = refusal
