"""STS: GetSessionToken, AssumeRole, GetCallerIdentity, answered as AWS answers them."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tfmfa_nb.sandbox.core import ACCOUNT, Caller, iam, policies_of, user_caller
from tfmfa_nb.sandbox.policies import allows, trusts
from tfmfa_nb.sandbox.requests import error, result

if TYPE_CHECKING:
    from tfmfa_nb.sandbox.core import Credentials, StrictAws
    from tfmfa_nb.sandbox.requests import Answer, Request

_CODE_LENGTH = 6
_SHORTEST, _LONGEST, _DEFAULT = 900, 129_600, 43_200  # seconds: GetSessionToken's bounds
_ROLE_DEFAULT, _CHAINED = 3600, 3600  # seconds: AssumeRole's default, and its cap for a role's own session


def answer_sts(aws: StrictAws, request: Request, caller: Caller) -> Answer:
    """The answer to one call of STS."""
    action = request.action
    if action == "GetCallerIdentity":
        inner = f"<Arn>{caller.arn}</Arn><UserId>{caller.user_id}</UserId><Account>{ACCOUNT}</Account>"
        return result(action, inner)
    if action == "GetSessionToken":
        return _get_session_token(aws, request, caller)
    if action == "AssumeRole":
        return _assume_role(aws, request, caller)
    return error(request, 400, "InvalidAction", f"Could not find operation {action} for version 2011-06-15")


def _get_session_token(aws: StrictAws, request: Request, caller: Caller) -> Answer:
    if caller.session or caller.user is None:
        return error(request, 403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
    seconds = _seconds(request, _DEFAULT)
    if not _SHORTEST <= seconds <= _LONGEST:
        return _invalid(
            request, str(seconds), "durationSeconds", f"Member must have value between {_SHORTEST} and {_LONGEST}"
        )
    mfa_at = _check_code(aws, request, caller)
    if not isinstance(mfa_at, float | None):
        return mfa_at
    key, held = aws.give(user_caller(caller.user, mfa_at, session=True), seconds)
    return result("GetSessionToken", _credentials(key, held))


def _assume_role(aws: StrictAws, request: Request, caller: Caller) -> Answer:  # noqa: PLR0911 - one for each rule
    parameters = request.parameters()
    arn = parameters.get("RoleArn", "")
    denied = error(
        request, 403, "AccessDenied",
        f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
    )  # fmt: skip
    name = parameters.get("RoleSessionName", "")
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", name):
        return _invalid(request, name, "roleSessionName", "Member must satisfy regular expression pattern")
    role = next((role for role in iam().roles.values() if role.arn == arn), None)
    if role is None:
        return denied
    mfa_at = _check_code(aws, request, caller) if "TokenCode" in parameters else caller.mfa_at
    if not isinstance(mfa_at, float | None):
        return mfa_at
    context = aws.context(
        Caller(caller.arn, caller.user_id, caller.names, mfa_at=mfa_at, session=caller.session or mfa_at is not None)
    )
    if "ExternalId" in parameters:
        context["sts:ExternalId"] = parameters["ExternalId"]
    named = arn_is_named(role.assume_role_policy_document, caller)
    permitted = allows(caller.policies, "sts:AssumeRole", arn, context) or (named and not caller.role)
    if not permitted or not trusts(role.assume_role_policy_document, caller.names, context):
        return denied
    seconds = _seconds(request, _ROLE_DEFAULT)
    if seconds < _SHORTEST:
        return _invalid(
            request, str(seconds), "durationSeconds", f"Member must have value greater than or equal to {_SHORTEST}"
        )
    if caller.role and seconds > _CHAINED:
        return error(
            request, 400, "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )  # fmt: skip
    if seconds > int(role.max_session_duration or _ROLE_DEFAULT):
        return error(
            request, 400, "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )  # fmt: skip
    session_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/{name}"
    assumed = Caller(
        session_arn, f"{role.id}:{name}", (session_arn, role.arn, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT),
        policies_of(role), mfa_at, session=True, role=True,
    )  # fmt: skip
    key, held = aws.give(assumed, seconds)
    user = (
        f"<AssumedRoleUser><AssumedRoleId>{assumed.user_id}</AssumedRoleId><Arn>{session_arn}</Arn></AssumedRoleUser>"
    )
    return result("AssumeRole", _credentials(key, held) + user)


def arn_is_named(document: str, caller: Caller) -> bool:
    """Whether the trust policy names the caller itself, which then needs no permission of its own."""
    return f'"{caller.arn}"' in document


def _check_code(aws: StrictAws, request: Request, caller: Caller) -> float | Answer | None:
    """When MFA was given: now for a good code, None for no code; AWS's refusal for a bad one."""
    parameters = request.parameters()
    serial, code = parameters.get("SerialNumber"), parameters.get("TokenCode")
    if serial is None and code is None:
        return None
    if code is None or len(code) != _CODE_LENGTH:
        # AWS echoes what it found malformed: a client must check the form first.
        return _invalid(request, str(code), "tokenCode", "Member must have length equal to 6")
    if serial is None or caller.user is None or serial not in caller.user.mfa_devices:
        return error(
            request, 403, "AccessDenied",
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is "
            "valid and associated with this user.",
        )  # fmt: skip
    if not aws.take_code(serial, code):
        return error(
            request, 403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        )
    return aws.now()


def _seconds(request: Request, default: int) -> int:
    given = request.parameters().get("DurationSeconds", "")
    return int(given) if given.isdigit() else default


def _invalid(request: Request, value: str, name: str, rule: str) -> Answer:
    message = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {rule}"
    return error(request, 400, "ValidationError", message)


def _credentials(key: str, held: Credentials) -> str:
    expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(held.expires))
    return (
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{held.secret}</SecretAccessKey>"
        f"<SessionToken>{held.token}</SessionToken><Expiration>{expiration}</Expiration></Credentials>"
    )
