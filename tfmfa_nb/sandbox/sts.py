"""STS: GetSessionToken, AssumeRole, GetCallerIdentity, answered as AWS answers them."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tfmfa_nb.sandbox.aws_http import error_response, sts_response
from tfmfa_nb.sandbox.callers import ACCOUNT, iam, role_caller, user_caller
from tfmfa_nb.sandbox.policy_evaluation import Verdict, decide, trusts

if TYPE_CHECKING:
    from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse
    from tfmfa_nb.sandbox.callers import Caller, Credentials
    from tfmfa_nb.sandbox.strict_aws import StrictAws

_CODE_LENGTH = 6
_SHORTEST, _LONGEST, _DEFAULT = 900, 129_600, 43_200  # seconds: GetSessionToken's bounds
_ROLE_LONGEST, _ROLE_DEFAULT, _CHAINED = 43_200, 3600, 3600  # seconds: AssumeRole's, and a role's own session's cap


def answer_sts(aws: StrictAws, request: AwsRequest, caller: Caller) -> AwsResponse:
    """The answer to one call of STS."""
    action = request.action
    if action == "GetCallerIdentity":
        inner = f"<Arn>{caller.arn}</Arn><UserId>{caller.user_id}</UserId><Account>{ACCOUNT}</Account>"
        return sts_response(action, inner)
    if action == "GetSessionToken":
        return _get_session_token(aws, request, caller)
    if action == "AssumeRole":
        return _assume_role(aws, request, caller)
    return error_response(request, 400, "InvalidAction", f"Could not find operation {action} for version 2011-06-15")


def _get_session_token(aws: StrictAws, request: AwsRequest, caller: Caller) -> AwsResponse:
    if caller.session or caller.identity is None:
        return error_response(request, 403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
    seconds = _seconds(request, _DEFAULT, _LONGEST)
    if not isinstance(seconds, int):
        return seconds
    mfa_at = _check_code(aws, request, caller)
    if not isinstance(mfa_at, float | None):
        return mfa_at
    key, held = aws.give(user_caller(caller.identity, mfa_at, session=True), seconds)
    return sts_response("GetSessionToken", _credentials(key, held))


def _assume_role(aws: StrictAws, request: AwsRequest, caller: Caller) -> AwsResponse:  # noqa: PLR0911 - one for each rule
    parameters = request.parameters()
    arn, name = parameters.get("RoleArn", ""), parameters.get("RoleSessionName", "")
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII):
        return _invalid(
            request, name, "roleSessionName", r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
        )
    seconds = _seconds(request, _ROLE_DEFAULT, _ROLE_LONGEST)
    if not isinstance(seconds, int):
        return seconds
    role = next((role for role in iam().roles.values() if role.arn == arn), None)
    mfa_at = _check_code(aws, request, caller)
    if not isinstance(mfa_at, float | None):
        return mfa_at
    mfa_at = caller.mfa_at if mfa_at is None else mfa_at
    context = aws.context(replace(caller, mfa_at=mfa_at, session=caller.session or mfa_at is not None))
    if "ExternalId" in parameters:
        context["sts:ExternalId"] = parameters["ExternalId"]
    if role is None or not _may_assume(caller, role, context):
        return error_response(
            request, 403, "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
        )  # fmt: skip
    if caller.role and seconds > _CHAINED:
        return error_response(
            request, 400, "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )  # fmt: skip
    if seconds > int(role.max_session_duration or _ROLE_DEFAULT):
        return error_response(
            request, 400, "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )  # fmt: skip
    assumed = role_caller(role, name, mfa_at)
    key, held = aws.give(assumed, seconds)
    user = (
        f"<AssumedRoleUser><AssumedRoleId>{assumed.user_id}</AssumedRoleId><Arn>{assumed.arn}</Arn></AssumedRoleUser>"
    )
    return sts_response("AssumeRole", _credentials(key, held) + user)


def _may_assume(caller: Caller, role: Any, context: dict[str, str]) -> bool:
    """Whether the trust policy and the caller's own policies agree.

    A trust policy that names the caller itself, rather than its account, is permission enough; nothing is enough
    against the caller's own explicit denial.
    """
    trust = role.assume_role_policy_document
    own = decide(caller.policies, "sts:AssumeRole", role.arn, context)
    if own is Verdict.DENY or not trusts(trust, caller.names, context):
        return False
    return own is Verdict.ALLOW or trusts(trust, caller.itself, context)


def _check_code(aws: StrictAws, request: AwsRequest, caller: Caller) -> float | AwsResponse | None:
    """When MFA was given: now for a good code, None for no code; AWS's refusal for a bad one."""
    parameters = request.parameters()
    serial, code = parameters.get("SerialNumber"), parameters.get("TokenCode")
    if serial is None and code is None:
        return None
    if serial is None or code is None:
        return _denied(request, "must provide both MFA serial number and one time pass code.")
    rule = _malformed(code)
    if rule:  # AWS echoes what it found malformed: a client must check the form first
        return _invalid(request, code, "tokenCode", rule)
    if caller.role or caller.identity is None or serial not in caller.identity.mfa_devices:
        return _denied(
            request,
            "unable to validate MFA code.  "
            "Please verify your MFA serial number is valid and associated with this user.",
        )
    if not aws.devices.take(serial, code):
        return error_response(
            request, 403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        )
    return aws.now()


def _malformed(code: str) -> str:
    if len(code) < _CODE_LENGTH:
        return "Member must have length greater than or equal to 6"
    if len(code) > _CODE_LENGTH:
        return "Member must have length less than or equal to 6"
    return "" if re.fullmatch("[0-9]+", code) else r"Member must satisfy regular expression pattern: [\d]*"


def _denied(request: AwsRequest, why: str) -> AwsResponse:
    return error_response(request, 403, "AccessDenied", f"MultiFactorAuthentication failed, {why}")


def _seconds(request: AwsRequest, default: int, longest: int) -> int | AwsResponse:
    """`DurationSeconds`, or AWS's answer to one out of its bounds."""
    given = request.parameters().get("DurationSeconds", str(default))
    if not re.fullmatch("-?[0-9]{1,9}", given):
        return error_response(request, 400, "MalformedInput", "Could not parse DurationSeconds")
    if int(given) < _SHORTEST:
        rule = f"Member must have value greater than or equal to {_SHORTEST}"
    elif int(given) > longest:
        rule = f"Member must have value less than or equal to {longest}"
    else:
        return int(given)
    return _invalid(request, given, "durationSeconds", rule)


def _invalid(request: AwsRequest, value: str, name: str, rule: str) -> AwsResponse:
    message = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {rule}"
    return error_response(request, 400, "ValidationError", message)


def _credentials(key: str, held: Credentials) -> str:
    expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(held.expires))
    return (
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{held.secret}</SecretAccessKey>"
        f"<SessionToken>{held.token}</SessionToken><Expiration>{expiration}</Expiration></Credentials>"
    )
