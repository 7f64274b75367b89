"""From AWS's answer, or the lack of one, to what is wrong and what to do.

None of the MFA failures is an exception of its own in the API's model: they are told apart by their code and by
what their text says. The texts were read from AWS's own answers.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tfmfa_nb.authentication.refusal import Cause, Refusal, RefusalKind, next_code_at

_SET_CLOCK = "Set the clock (timedatectl set-ntp true), then enter a fresh code."
_BY_TEXT: tuple[tuple[str, str, Refusal], ...] = (
    (
        "AccessDenied",
        "invalid mfa one time pass code",
        Refusal(
            RefusalKind.WRONG_CODE,
            "AWS refused the code: it is wrong, too old, or was used before.",
            "Enter the device's next code; if that is refused too, set the device's clock.",
            code_spent=True,
        ),
    ),
    (
        "AccessDenied",
        "unable to validate mfa code",
        Refusal(
            RefusalKind.WRONG_DEVICE,
            "AWS could not validate the code: the MFA device is not this user's.",
            "Set AWS_MFA_SERIAL_NUMBER to the ARN of your own device (IAM, your user, Security credentials).",
        ),
    ),
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
        Refusal(RefusalKind.CLOCK, "This machine's clock is behind AWS's.", _SET_CLOCK),
    ),
    (
        "SignatureDoesNotMatch",
        "signature not yet current",
        Refusal(RefusalKind.CLOCK, "This machine's clock is ahead of AWS's.", _SET_CLOCK),
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
_CAUSES = {RefusalKind.REGION: Cause.REGION, RefusalKind.THROTTLED: Cause.THROTTLED}  # which need no explanation
# How AWS says, where it does, that it is the caller's own side that does not allow a role, or that denies it.
_CALLERS_SIDE = re.compile(
    r"no (?:identity-based|session) policy allows|no (?:permissions boundary|service control policy) allows"
    r"|explicit deny in an? (?!resource)"
)
_THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
_SERVER_ERROR, _UNAVAILABLE = 500, 503
# What cannot have reached AWS, so that the code is still good.
_NEVER_SENT = {
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ProxyConnectionError",
    "InvalidProxiesConfigError",
    "InvalidEndpointConfigurationError",
}
_MAYBE_SENT = {
    "ReadTimeoutError", "ConnectionClosedError", "HTTPClientError", "IncompleteReadError", "SSLError",
}  # fmt: skip
# TLS that fails before anything is sent; later it may fail after.
_HANDSHAKE = ("certificate_verify_failed", "wrong_version_number", "handshake")
# A page that happens to be XML lacks what botocore, and we, then look for.
_UNREADABLE = {"ResponseParserError", "KeyError", "IndexError", "AttributeError", "TypeError", "UnboundLocalError"}


def diagnose(error: BaseException, *, carries_code: bool = False, role_arn: str | None = None) -> Refusal:
    """What is wrong, from an exception of boto3, whose own text is never repeated: it quotes parameters.

    Args:
        error: what the call raised.
        carries_code: whether the call carried a code, which AWS may have taken.
        role_arn: the role that was to be assumed.
    """
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        refusal = _from_answer(response, role_arn, carries_code=carries_code)
    else:
        refusal = _without_answer(error, carries_code=carries_code)
    if role_arn is not None:
        cause = refusal.cause or _CAUSES.get(refusal.kind)
        refusal = replace(refusal, cause=cause, why=refusal.why or refusal.problem.rstrip("."))
    return replace(refusal, next_code_at=next_code_at()) if refusal.code_spent else refusal


def _without_answer(error: BaseException, *, carries_code: bool) -> Refusal:
    name = type(error).__name__
    if name == "SSLError" and any(part in str(error).lower() for part in _HANDSHAKE):
        return _passing(
            RefusalKind.UNREACHABLE,
            "The connection to AWS is not trusted: a proxy opens it, or the clock is far off",
            "Set AWS_CA_BUNDLE to your proxy's certificates",
            carries_code=carries_code,
        )
    if name in _NEVER_SENT:
        return _passing(
            RefusalKind.UNREACHABLE,
            "AWS STS cannot be reached: no network, or a proxy in between",
            "Check the network",
            carries_code=carries_code,
        )
    if name in _MAYBE_SENT:
        return _passing(
            RefusalKind.UNANSWERED,
            "AWS did not answer",
            "Check the network",
            carries_code=carries_code,
            maybe_spent=True,
        )
    if name in _UNREADABLE:
        return _not_aws(carries_code=carries_code)
    return Refusal(
        RefusalKind.INVALID,
        f"The request could not be made ({name}).",
        "Check the organization variables, AWS_REGION and AWS_ENDPOINT_URL.",
    )


def _passing(kind: RefusalKind, problem: str, step: str, *, carries_code: bool, maybe_spent: bool = False) -> Refusal:
    """What passes, or is no fault of the code: say what became of it, if there was one."""
    if not carries_code:
        return Refusal(kind, f"{problem}.", f"{step}, then try again.")
    if maybe_spent:
        remedy = f"{step}, then enter the device's next code."
        return Refusal(kind, f"{problem}; the code may have been used.", remedy, code_spent=True)
    return Refusal(kind, f"{problem}.", f"{step}, then enter a code; the last one was not used.")


def _not_aws(*, carries_code: bool) -> Refusal:
    return _passing(
        RefusalKind.NOT_AWS,
        "Something other than AWS answered: a captive portal, or a proxy's own page",
        "Log in to the network",
        carries_code=carries_code,
        maybe_spent=True,
    )


def _from_answer(response: dict[str, Any], role_arn: str | None, *, carries_code: bool) -> Refusal:
    said = response.get("Error", {})  # which a page of somebody else's lacks
    code, message = str(said.get("Code", "")), " ".join(str(said.get("Message", "")).split())
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _THROTTLED:
        return _passing(
            RefusalKind.THROTTLED,
            "AWS is throttling this account's STS calls",
            "Wait a few seconds",
            carries_code=carries_code,
        )
    if status >= _SERVER_ERROR:
        return _passing(
            RefusalKind.UNAVAILABLE if status == _UNAVAILABLE else RefusalKind.SERVICE,
            f"AWS STS failed with HTTP {status}",
            "Wait a few seconds",
            carries_code=carries_code,
            maybe_spent=True,
        )
    if not re.fullmatch(r"(?=.*[a-z])[A-Za-z.]+", code) or code == "Unknown":  # a number is botocore's own
        return _not_aws(carries_code=carries_code)
    if role_arn is not None and code not in _BY_CODE.keys() - {"AccessDenied", "ValidationError"}:
        return _role(role_arn, code, message)
    for known, part, refusal in _BY_TEXT:
        if code == known and part in message.lower():
            return refusal
    return _BY_CODE.get(code) or _passing(
        RefusalKind.SERVICE,
        f"AWS answered {code}",
        "Check the organization variables and AWS_REGION",
        carries_code=carries_code,
        maybe_spent=True,
    )


def _role(role_arn: str, code: str, message: str) -> Refusal:
    """Why a role cannot be assumed. AWS has one text for many causes: say which are possible."""
    action, cause = "", None
    if code == "ValidationError" and "duration" in message.lower():
        cause = Cause.DURATION
        why = "the session would be longer than the role allows"
        remedy = "Lower `duration` in the assume_role block: at most the role's own maximum, one hour from a role."
    elif code == "AccessDenied":
        found = re.search(r"User: (\S+) is not authorized to perform: (sts:\w+)", message)
        caller, action = found.groups() if found else ("this session", "sts:AssumeRole")
        why = f"{caller} is not allowed {action}"
        remedy = (
            "AWS gives one answer for several causes: the role does not exist; its trust policy lacks this principal, "
            "or demands a condition that is not met (MFA, an external id); or your permissions lack "
            f"{action} on it."
        )
        if _CALLERS_SIDE.search(message.lower()):
            cause = Cause.CALLER
        if "explicit deny" in message.lower():
            why = f"a policy denies {caller} {action} explicitly"
            remedy = "A policy denies it explicitly: look at your permissions and your organization's policies."
    else:
        why, remedy = f"AWS answered {code}", "Correct the values of the assume_role block."
    problem = f"{role_arn} cannot be assumed: {why}."
    return Refusal(RefusalKind.ROLE, problem, remedy, why=why, action=action, cause=cause)
