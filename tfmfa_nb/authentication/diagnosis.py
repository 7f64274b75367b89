"""From AWS's answer to what is wrong and what to do.

None of the MFA failures is an exception of its own in the API's model: they are told apart by their code and by
what their text says. The texts were read from AWS's own answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tfmfa_nb.errors import AuthenticationError


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
    SERVICE = "service error"
    INVALID = "invalid request"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a session, or a role, could not be had.

    Attributes:
        problem: one sentence, what is wrong.
        remedy: one sentence, what to do.
        code_spent: whether AWS has, or may have, taken the code, so that the next one is needed.
        asks_again: whether another code can help.
    """

    kind: RefusalKind
    problem: str
    remedy: str
    code_spent: bool = False
    asks_again: bool = True


class Refused(AuthenticationError):
    """AWS, or we, refused; it holds no exception of the AWS client, whose frames hold keys."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.problem, refusal.remedy)
        self.refusal = refusal


_NEXT_CODE = "Wait for the device's next code and enter that."
_WRONG_DEVICE = Refusal(
    RefusalKind.WRONG_DEVICE,
    "AWS could not validate the code: the MFA device is not this user's.",
    "Set AWS_MFA_SERIAL_NUMBER to the ARN of your own device (IAM, your user, Security credentials).",
)
_WRONG_CODE = Refusal(
    RefusalKind.WRONG_CODE,
    "AWS refused the code: it is wrong, too old, or was used before.",
    _NEXT_CODE,
    code_spent=True,
)
_BY_TEXT: tuple[tuple[str, str, Refusal], ...] = (
    ("AccessDenied", "invalid mfa one time pass code", _WRONG_CODE),
    ("AccessDenied", "unable to validate mfa code", _WRONG_DEVICE),
    (
        "AccessDenied",
        "cannot call getsessiontoken with session credentials",
        Refusal(
            RefusalKind.SESSION_KEY,
            "The organization variables hold a session's credentials.",
            "Use your long-term access key (AKIA…).",
        ),
    ),
    (
        "SignatureDoesNotMatch",
        "signature expired",
        Refusal(
            RefusalKind.CLOCK,
            "This machine's clock is wrong: AWS takes the request for an old one.",
            "Set the clock (timedatectl set-ntp true), then enter a fresh code.",
        ),
    ),
    (
        "SignatureDoesNotMatch",
        "signature not yet current",
        Refusal(
            RefusalKind.CLOCK,
            "This machine's clock is ahead of AWS's.",
            "Set the clock (timedatectl set-ntp true), then enter a fresh code.",
        ),
    ),
)
_BY_CODE: dict[str, Refusal] = {
    "SignatureDoesNotMatch": Refusal(
        RefusalKind.WRONG_SECRET,
        "AWS_SECRET_ACCESS_KEY does not belong to this access key.",
        "Set the secret that came with the key, without blanks around it.",
    ),
    "InvalidClientTokenId": Refusal(
        RefusalKind.UNKNOWN_KEY,
        "AWS does not know the access key, or it is inactive.",
        "Set AWS_ACCESS_KEY_ID to an active key of your IAM user, in the right partition.",
    ),
    "ExpiredToken": Refusal(RefusalKind.EXPIRED, "The session has expired.", "Enter a new code."),
    "RegionDisabledException": Refusal(
        RefusalKind.REGION,
        "STS is switched off in this region for the account.",
        "Choose another AWS_REGION, or switch STS on there (IAM, Account settings).",
    ),
    "AccessDenied": Refusal(
        RefusalKind.DENIED,
        "AWS denied the call.",
        "Look for a policy that denies it to your user.",
    ),
    "ValidationError": Refusal(
        RefusalKind.INVALID,
        "AWS found the request malformed.",
        "Check AWS_MFA_SERIAL_NUMBER and the session's duration.",
    ),
}
_THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
_SERVER_ERROR = 500
# What cannot have reached AWS, so that the code is still good.
_NEVER_SENT = {
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ProxyConnectionError",
    "SSLError",
    "InvalidProxiesConfigError",
    "InvalidEndpointConfigurationError",
}


def diagnose(error: BaseException, *, role_arn: str | None = None) -> Refusal:
    """What is wrong, from an exception of boto3.

    Args:
        error: what the call raised.
        role_arn: the role that was to be assumed; None for a call that carries a code.
    """
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return _from_answer(response, role_arn)
    name = type(error).__name__
    if name in _NEVER_SENT:
        return Refusal(
            RefusalKind.UNREACHABLE,
            "AWS STS cannot be reached: no network, or a proxy in between.",
            "Check the network, then enter a code; the last one was not used.",
        )
    if name in {"ReadTimeoutError", "ConnectionClosedError", "HTTPClientError", "IncompleteReadError"}:
        return Refusal(
            RefusalKind.UNANSWERED,
            "AWS did not answer; the code may have been used.",
            _NEXT_CODE,
            code_spent=True,
        )
    if name == "ResponseParserError":
        return Refusal(
            RefusalKind.UNREACHABLE,
            "Something other than AWS answered: a captive portal, or a proxy's own page.",
            "Log in to the network first. " + _NEXT_CODE,
            code_spent=True,
        )
    # Never the exception's own text: botocore quotes parameters, and the code is one.
    return Refusal(
        RefusalKind.INVALID,
        f"The request could not be made ({name}).",
        "Check the organization variables and AWS_REGION.",
    )


def _from_answer(response: dict[str, Any], role_arn: str | None) -> Refusal:
    code = str(response["Error"].get("Code", ""))
    text = " ".join(str(response["Error"].get("Message", "")).lower().split())
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLED:
        return Refusal(
            RefusalKind.THROTTLED,
            "AWS is throttling this account's STS calls.",
            "Wait a few seconds, then try again.",
        )
    if status >= _SERVER_ERROR:
        return Refusal(
            RefusalKind.SERVICE,
            f"AWS STS failed with HTTP {status}; the code may have been used.",
            _NEXT_CODE,
            code_spent=True,
        )
    if role_arn is not None and code == "AccessDenied":
        return _role(role_arn, text)
    if role_arn is not None and code == "ValidationError":
        return _duration(role_arn, text)
    for known, part, refusal in _BY_TEXT:
        if code == known and part in text:
            return refusal
    return _BY_CODE.get(code) or Refusal(
        RefusalKind.SERVICE,
        f"AWS answered {code or f'HTTP {status}'}.",
        "Try again with the next code.",
        code_spent=True,
    )


def _role(role_arn: str, text: str) -> Refusal:
    """AssumeRole's one text for many causes: say which are possible."""
    caller = match[1] if (match := re.search(r"user: (\S+) is not authorized", text)) else "this session"
    return Refusal(
        RefusalKind.ROLE,
        f"{role_arn} cannot be assumed by {caller}.",
        "AWS gives one answer for several causes: the role does not exist; its trust policy lacks this principal, or "
        "demands a condition that is not met (MFA, an external id); or your permissions lack sts:AssumeRole on it.",
        asks_again=False,
    )


def _duration(role_arn: str, text: str) -> Refusal:
    what = "the session would be longer than the role allows" if "duration" in text else "a value is malformed"
    return Refusal(
        RefusalKind.ROLE,
        f"{role_arn} cannot be assumed: {what}.",
        "Lower `duration` in the assume_role block: at most the role's own maximum, and one hour from a session.",
        asks_again=False,
    )
