"""STS: the operations GetSessionToken, AssumeRole, and GetCallerIdentity, with AWS's own rules and messages."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.sandbox.aws_http import error_response, sts_response
from tfmfa_nb.sandbox.callers import ACCOUNT, iam, role_caller, user_caller
from tfmfa_nb.sandbox.policy_evaluation import Verdict, decide, trusts

if TYPE_CHECKING:
    from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse
    from tfmfa_nb.sandbox.callers import Caller, TemporaryCredentials
    from tfmfa_nb.sandbox.mfa_devices import MfaDevices

_CODE_LENGTH = 6
# Session durations in seconds: of GetSessionToken, of AssumeRole, and of AssumeRole with a session's credentials.
_MIN_DURATION = 900
_MAX_DURATION, _DEFAULT_DURATION = 129_600, 43_200
_MAX_ROLE_DURATION, _DEFAULT_ROLE_DURATION, _MAX_CHAINED_DURATION = 43_200, 3600, 3600


class Account(Protocol):
    """What STS needs of the account that it answers for.

    Attributes:
        devices: the MFA devices that show the codes.
    """

    devices: MfaDevices

    def now(self) -> float:
        """The time of MFA codes and of expiration, in seconds since the epoch."""

    def context(self, caller: Caller) -> dict[str, str]:
        """The condition keys of a request by `caller`."""

    def issue(self, caller: Caller, seconds: int) -> tuple[str, TemporaryCredentials]:
        """Issue temporary credentials to `caller`: their access key ID, and the rest."""


def answer_sts(aws: Account, request: AwsRequest, caller: Caller) -> AwsResponse:
    """Answer a call of STS."""
    action = request.action
    if action == "GetCallerIdentity":
        inner = f"<Arn>{caller.arn}</Arn><UserId>{caller.user_id}</UserId><Account>{ACCOUNT}</Account>"
        return sts_response(request, inner)
    if action == "GetSessionToken":
        return _get_session_token(aws, request, caller)
    if action == "AssumeRole":
        return _assume_role(aws, request, caller)
    return error_response(request, 400, "InvalidAction", f"Could not find operation {action} for version 2011-06-15")


def _get_session_token(aws: Account, request: AwsRequest, caller: Caller) -> AwsResponse:
    if caller.session or caller.identity is None:
        return error_response(request, 403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
    seconds = _duration(request, _DEFAULT_DURATION, _MAX_DURATION)
    if not isinstance(seconds, int):
        return seconds
    mfa_at = _check_code(aws, request, caller)
    if not isinstance(mfa_at, float | None):
        return mfa_at
    key, credentials = aws.issue(user_caller(caller.identity, mfa_at, session=True), seconds)
    return sts_response(request, _credentials_xml(key, credentials))


def _assume_role(aws: Account, request: AwsRequest, caller: Caller) -> AwsResponse:  # noqa: PLR0911 - one return per rule
    parameters = request.parameters()
    arn, name = parameters.get("RoleArn", ""), parameters.get("RoleSessionName", "")
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII):
        return _invalid(
            request, name, "roleSessionName", r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
        )
    seconds = _duration(request, _DEFAULT_ROLE_DURATION, _MAX_ROLE_DURATION)
    if not isinstance(seconds, int):
        return seconds
    role = next((role for role in iam().roles.values() if role.arn == arn), None)
    mfa_at = _check_code(aws, request, caller)
    if not isinstance(mfa_at, float | None):
        return mfa_at
    mfa_at = caller.mfa_at if mfa_at is None else mfa_at
    context = aws.context(replace(caller, mfa_at=mfa_at, session=caller.session or mfa_at is not None))
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    context["sts:RoleSessionName"] = name
    context |= {f"sts:{key}": parameters[key] for key in ("ExternalId", "SourceIdentity") if key in parameters}
    actions = ("sts:AssumeRole", *(("sts:SetSourceIdentity",) if "SourceIdentity" in parameters else ()))
    refused = next((action for action in actions if role is None or not _may(caller, action, role, context)), "")
    if role is None or refused:
        return error_response(
            request, 403, "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: {refused} on resource: {arn}",
        )  # fmt: skip
    if caller.session and seconds > _MAX_CHAINED_DURATION:
        return error_response(
            request, 400, "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )  # fmt: skip
    if seconds > int(role.max_session_duration or _DEFAULT_ROLE_DURATION):
        return error_response(
            request, 400, "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )  # fmt: skip
    assumed = role_caller(role, name, mfa_at)
    key, credentials = aws.issue(assumed, seconds)
    user = (
        f"<AssumedRoleUser><AssumedRoleId>{assumed.user_id}</AssumedRoleId><Arn>{assumed.arn}</Arn></AssumedRoleUser>"
    )
    return sts_response(request, _credentials_xml(key, credentials) + user)


def _may(caller: Caller, action: str, role: Any, context: dict[str, str]) -> bool:
    """Whether the trust policy and the caller's own policies allow the action on the role.

    A trust policy that names the caller itself, not only its account, suffices unless the caller's own policies deny.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    trust = role.assume_role_policy_document
    own = decide(caller.policies, action, role.arn, context)
    if own is Verdict.DENY or not trusts(trust, caller.principals, context, action):
        return False
    return own is Verdict.ALLOW or trusts(trust, caller.own_arns, context, action)


def _check_code(aws: Account, request: AwsRequest, caller: Caller) -> float | AwsResponse | None:
    """The time of the authentication with MFA: now, or None without a code; AWS's error response to a bad code."""
    parameters = request.parameters()
    serial, code = parameters.get("SerialNumber"), parameters.get("TokenCode")
    if serial is None and code is None:
        return None
    if serial is None or code is None:
        return _denied(request, "must provide both MFA serial number and one time pass code.")
    rule = _broken_rule(code)
    if rule:  # AWS repeats a malformed code in its message, so clients must check the form first
        return _invalid(request, code, "tokenCode", rule)
    if caller.role or caller.identity is None or serial not in caller.identity.mfa_devices:
        return _denied(
            request,
            "unable to validate MFA code.  "
            "Please verify your MFA serial number is valid and associated with this user.",
        )
    if not aws.devices.use_code(serial, code):
        return error_response(
            request, 403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        )
    return aws.now()


def _broken_rule(code: str) -> str:
    if len(code) < _CODE_LENGTH:
        return "Member must have length greater than or equal to 6"
    if len(code) > _CODE_LENGTH:
        return "Member must have length less than or equal to 6"
    return "" if re.fullmatch("[0-9]+", code) else r"Member must satisfy regular expression pattern: [\d]*"


def _denied(request: AwsRequest, why: str) -> AwsResponse:
    return error_response(request, 403, "AccessDenied", f"MultiFactorAuthentication failed, {why}")


def _duration(request: AwsRequest, default: int, maximum: int) -> int | AwsResponse:
    """The parameter DurationSeconds, or AWS's error response if it is out of range."""
    text = request.parameters().get("DurationSeconds", str(default))
    if not re.fullmatch("-?[0-9]{1,9}", text):
        return error_response(request, 400, "MalformedInput", "Could not parse DurationSeconds")
    if int(text) < _MIN_DURATION:
        rule = f"Member must have value greater than or equal to {_MIN_DURATION}"
    elif int(text) > maximum:
        rule = f"Member must have value less than or equal to {maximum}"
    else:
        return int(text)
    return _invalid(request, text, "durationSeconds", rule)


def _invalid(request: AwsRequest, value: str, name: str, rule: str) -> AwsResponse:
    message = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {rule}"
    return error_response(request, 400, "ValidationError", message)


def _credentials_xml(key: str, credentials: TemporaryCredentials) -> str:
    expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(credentials.expires))
    return (
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{credentials.secret}</SecretAccessKey>"
        f"<SessionToken>{credentials.token}</SessionToken><Expiration>{expiration}</Expiration></Credentials>"
    )
