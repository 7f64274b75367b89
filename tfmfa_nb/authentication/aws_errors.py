"""Translates AWS's error responses and connection failures into a problem and a remedy.

The API models none of the MFA failures as exceptions of their own. Error codes and message texts tell them apart;
the texts were recorded from AWS's own responses.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tfmfa_nb.authentication.refusal import Cause, Refusal, RefusalKind, next_code_at

_SET_CLOCK = "Set the clock (timedatectl set-ntp true), then enter a new code."
_BY_MESSAGE: tuple[tuple[str, str, Refusal], ...] = (
    (
        "AccessDenied",
        "invalid mfa one time pass code",
        Refusal(
            RefusalKind.WRONG_CODE,
            "AWS rejected the code: it is incorrect, expired, or already used.",
            "Enter the next code that your device shows. If AWS rejects that one too, set the device's clock.",
            code_spent=True,
        ),
    ),
    (
        "AccessDenied",
        "unable to validate mfa code",
        Refusal(
            RefusalKind.WRONG_DEVICE,
            "AWS could not validate the code: the MFA device does not belong to this user.",
            "Set AWS_MFA_SERIAL_NUMBER to the ARN of your own device (IAM console, your user, Security credentials).",
        ),
    ),
    (
        "AccessDenied",
        "cannot call getsessiontoken with session credentials",
        Refusal(
            RefusalKind.SESSION_KEY,
            "The organization variables contain temporary credentials.",
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
_BY_ERROR_CODE: dict[str, Refusal] = {
    "SignatureDoesNotMatch": Refusal(
        RefusalKind.WRONG_SECRET,
        "AWS_SECRET_ACCESS_KEY does not match AWS_ACCESS_KEY_ID.",
        "Set the secret access key that was issued with this access key, without surrounding spaces.",
    ),
    "InvalidClientTokenId": Refusal(
        RefusalKind.UNKNOWN_KEY,
        "The access key does not exist or is inactive.",
        "Set AWS_ACCESS_KEY_ID to an active key of your IAM user, in the right partition.",
    ),
    "ExpiredToken": Refusal(RefusalKind.EXPIRED, "The session has expired.", "Enter a new code."),
    "RegionDisabledException": Refusal(
        RefusalKind.REGION,
        "STS is not activated in this Region for the account.",
        "Choose another AWS_REGION, or activate STS in this Region (IAM console, Account settings).",
    ),
    "AccessDenied": Refusal(
        RefusalKind.DENIED,
        "AWS denied the request.",
        "Check your user's policies for a statement that denies it.",
    ),
    "ValidationError": Refusal(
        RefusalKind.INVALID,
        "AWS rejected the request as invalid.",
        "Check AWS_MFA_SERIAL_NUMBER and the session duration.",
    ),
}
_CAUSES = {RefusalKind.REGION: Cause.REGION, RefusalKind.THROTTLED: Cause.THROTTLED}  # no evidence needed
# Messages in which AWS itself names the caller's side, rather than the role's trust policy, as the reason.
_CALLER_SIDE = re.compile(
    r"no (?:identity-based|session) policy allows|no (?:permissions boundary|service control policy) allows"
    r"|explicit deny in an? (?!resource)"
)
_THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
_SERVER_ERROR, _UNAVAILABLE = 500, 503
# Exceptions raised before anything reached AWS: the code is still valid.
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
# TLS failures during the handshake, before anything is sent; other TLS failures may come later.
_HANDSHAKE = ("certificate_verify_failed", "wrong_version_number", "handshake")
# Raised by botocore, or by this package, when the response is XML but not AWS's.
_UNREADABLE = {"ResponseParserError", "KeyError", "IndexError", "AttributeError", "TypeError", "UnboundLocalError"}


def diagnose(error: BaseException, *, carries_code: bool = False, role_arn: str | None = None) -> Refusal:
    """The refusal behind an exception of boto3. The exception's own text quotes parameters, so it is never repeated.

    Args:
        error: exception that the call raised.
        carries_code: True if the call carried an MFA code, which AWS may have accepted.
        role_arn: role that the call was to assume.
    """
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        refusal = _from_response(response, role_arn, carries_code=carries_code)
    else:
        refusal = _from_exception(error, carries_code=carries_code)
    if role_arn is not None:
        cause = refusal.cause or _CAUSES.get(refusal.kind)
        refusal = replace(refusal, cause=cause, reason=refusal.reason or refusal.problem.rstrip("."))
    return replace(refusal, next_code_at=next_code_at()) if refusal.code_spent else refusal


def _from_exception(error: BaseException, *, carries_code: bool) -> Refusal:
    name = type(error).__name__
    if name == "SSLError" and any(part in str(error).lower() for part in _HANDSHAKE):
        return _transient(
            RefusalKind.UNREACHABLE,
            "The TLS connection to AWS is not trusted: a proxy intercepts it, or this machine's clock is far off",
            "Set AWS_CA_BUNDLE to your proxy's certificates",
            carries_code=carries_code,
        )
    if name in _NEVER_SENT:
        return _transient(
            RefusalKind.UNREACHABLE,
            "AWS STS is unreachable: the network is down, or a proxy blocks the connection",
            "Check the network",
            carries_code=carries_code,
        )
    if name in _MAYBE_SENT:
        return _transient(
            RefusalKind.UNANSWERED,
            "AWS did not respond",
            "Check the network",
            carries_code=carries_code,
            maybe_spent=True,
        )
    if name in _UNREADABLE:
        return _not_aws(carries_code=carries_code)
    return Refusal(
        RefusalKind.INVALID,
        f"The request to AWS could not be built ({name}).",
        "Check the organization variables, AWS_REGION, and AWS_ENDPOINT_URL.",
    )


def _transient(kind: RefusalKind, problem: str, step: str, *, carries_code: bool, maybe_spent: bool = False) -> Refusal:
    """A failure that a retry can fix; if the call carried a code, the remedy says whether to reuse it."""
    if not carries_code:
        return Refusal(kind, f"{problem}.", f"{step}, then try again.")
    if maybe_spent:
        remedy = f"{step}, then enter the next code that your device shows."
        return Refusal(kind, f"{problem}; the code may have been used.", remedy, code_spent=True)
    return Refusal(kind, f"{problem}.", f"{step}, then enter a code; the previous one was not used.")


def _not_aws(*, carries_code: bool) -> Refusal:
    return _transient(
        RefusalKind.NOT_AWS,
        "The response did not come from AWS: a captive portal or a proxy answered",
        "Sign in to the network",
        carries_code=carries_code,
        maybe_spent=True,
    )


def _from_response(response: dict[str, Any], role_arn: str | None, *, carries_code: bool) -> Refusal:
    error = response.get("Error", {})  # missing from a page that is not AWS's
    error_code, message = str(error.get("Code", "")), " ".join(str(error.get("Message", "")).split())
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if error_code in _THROTTLED:
        return _transient(
            RefusalKind.THROTTLED,
            "AWS is throttling this account's STS requests",
            "Wait a few seconds",
            carries_code=carries_code,
        )
    if status >= _SERVER_ERROR:
        return _transient(
            RefusalKind.UNAVAILABLE if status == _UNAVAILABLE else RefusalKind.SERVICE,
            f"AWS STS failed with HTTP {status}",
            "Wait a few seconds",
            carries_code=carries_code,
            maybe_spent=True,
        )
    # botocore invents numeric codes and "Unknown" for responses that have none.
    if not re.fullmatch(r"(?=.*[a-z])[A-Za-z.]+", error_code) or error_code == "Unknown":
        return _not_aws(carries_code=carries_code)
    if role_arn is not None and error_code not in _BY_ERROR_CODE.keys() - {"AccessDenied", "ValidationError"}:
        return _role_refusal(role_arn, error_code, message)
    for known, part, refusal in _BY_MESSAGE:
        if error_code == known and part in message.lower():
            return refusal
    return _BY_ERROR_CODE.get(error_code) or _transient(
        RefusalKind.INVALID,
        f"AWS returned the error {error_code}",
        "Check the organization variables and AWS_REGION",
        carries_code=carries_code,
        maybe_spent=True,
    )


def _role_refusal(role_arn: str, error_code: str, message: str) -> Refusal:
    """The refusal of an AssumeRole call. AWS has one message for many causes, so the remedy lists them."""
    action, cause, explicit_deny = "", None, "explicit deny" in message.lower()
    if error_code == "ValidationError" and "duration" in message.lower():
        cause = Cause.DURATION
        reason = "the requested session is longer than the role allows"
        remedy = (
            "Lower `duration` in the assume_role block to at most the role's maximum session duration, or to one "
            "hour if a role assumes it."
        )
    elif error_code == "AccessDenied":
        found = re.search(r"User: (\S+) is not authorized to perform: (sts:\w+)", message)
        caller, action = found.groups() if found else ("this session", "sts:AssumeRole")
        reason = f"{caller} is not allowed to perform {action}"
        remedy = (
            "AWS returns the same error for several causes: the role does not exist; its trust policy does not allow "
            "this principal, or has a condition that is not met (MFA, external ID); or your own policies do not allow "
            f"{action} on it."
        )
        if _CALLER_SIDE.search(message.lower()):
            cause = Cause.CALLER
        if explicit_deny:
            reason = f"a policy explicitly denies {action} to {caller}"
            remedy = "Check your own policies and your organization's service control policies for the Deny statement."
    else:
        reason, remedy = f"AWS returned the error {error_code}", "Correct the values in the assume_role block."
    problem = f"{role_arn} cannot be assumed: {reason}."
    return Refusal(
        RefusalKind.ROLE, problem, remedy, reason=reason, action=action, cause=cause, explicit_deny=explicit_deny
    )
