"""Translates AWS's error responses and connection failures into a problem and a remedy.

The API models none of the MFA failures as exceptions of their own. Error codes and message texts tell them apart; the
texts were recorded from AWS's own responses.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tfmfa_nb.authentication.aws_answers import ANSWERS, DENIALS, THROTTLED, TIMED_OUT, VALIDATION
from tfmfa_nb.authentication.aws_regions import is_opt_in
from tfmfa_nb.authentication.connection_errors import from_exception, not_aws
from tfmfa_nb.authentication.network_route import host_of
from tfmfa_nb.authentication.policy_denials import TRUST_CAUSES, read_denial
from tfmfa_nb.authentication.refusal import Cause, Refusal, RefusalKind, next_code_at, transient
from tfmfa_nb.authentication.sts_arguments import argument_of_role, argument_of_session
from tfmfa_nb.model.identity import Endpoint

_ANY_ENDPOINT = Endpoint()
# Refusals of a role that say their cause themselves, so that no evidence is needed.
_CAUSES = {
    RefusalKind.REGION: Cause.REGION,
    RefusalKind.THROTTLED: Cause.THROTTLED,
    RefusalKind.ROOT_USER: Cause.ROOT_USER,
}
_SERVER_ERROR, _UNAVAILABLE, _TOO_MANY_REQUESTS = 500, 503, 429
_WAIT = "Wait a few seconds"
_SEVERAL_CAUSES = (
    "AWS returns the same error for several causes: the role does not exist; its trust policy does not allow this "
    "principal, or has a condition that is not met (MFA, external ID); or your own policies do not allow the call."
)


def diagnose(
    error: BaseException,
    *,
    endpoint: Endpoint = _ANY_ENDPOINT,
    carries_code: bool = False,
    role_arn: str | None = None,
) -> Refusal:
    """The refusal behind an exception of boto3. The exception's own text quotes parameters, so it is never repeated.

    Args:
        error: exception that the call raised.
        endpoint: endpoint that was called.
        carries_code: True if the call carried an MFA code, which AWS may have accepted.
        role_arn: role that the call was to assume.
    """
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        refusal = _from_response(response, endpoint, role_arn, carries_code=carries_code)
    elif role_arn is not None and type(error).__name__ == "ParamValidationError":
        refusal = _role_refusal(role_arn, "Validation", str(error))  # botocore sends no argument that it knows is wrong
    else:
        refusal = from_exception(error, endpoint, carries_code=carries_code)
    if role_arn is not None:
        cause = refusal.cause or _CAUSES.get(refusal.kind)
        refusal = replace(refusal, cause=cause, reason=refusal.reason or refusal.problem.rstrip("."))
    return replace(refusal, next_code_at=next_code_at()) if refusal.code_spent else refusal


def _from_response(
    response: dict[str, Any], endpoint: Endpoint, role_arn: str | None, *, carries_code: bool
) -> Refusal:
    error = response.get("Error", {})  # missing from a page that is not AWS's
    full_code, message = str(error.get("Code", "")), " ".join(str(error.get("Message", "")).split())
    code = full_code.removesuffix("Exception")
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    ill = _without_answer(code, status, carries_code=carries_code)
    if ill is not None:
        return ill
    # botocore invents numeric codes and "Unknown" for responses that have none.
    if not re.fullmatch(r"(?=.*[a-z])[A-Za-z.]+", full_code) or full_code == "Unknown":
        return not_aws(carries_code=carries_code)
    known = _known_answer(code, message, endpoint, carries_code=carries_code)
    if known is not None:
        return known
    if role_arn is not None:
        return _role_refusal(role_arn, code, message)
    return _call_refusal(full_code, message, carries_code=carries_code)


def _without_answer(code: str, status: int, *, carries_code: bool) -> Refusal | None:
    """The refusal of a response in which AWS does not say yes or no; None for every other response."""
    if code in THROTTLED or status == _TOO_MANY_REQUESTS:
        problem = "AWS is throttling this account's STS requests"
        return transient(RefusalKind.THROTTLED, problem, _WAIT, carries_code=carries_code)
    if code in TIMED_OUT:
        problem = "The request did not reach AWS in time"
        return transient(RefusalKind.UNANSWERED, problem, _WAIT, carries_code=carries_code, maybe_spent=True)
    if status >= _SERVER_ERROR:
        kind = RefusalKind.UNAVAILABLE if status == _UNAVAILABLE else RefusalKind.SERVICE
        problem = f"AWS STS failed with HTTP {status}"
        return transient(kind, problem, _WAIT, carries_code=carries_code, maybe_spent=True)
    return None


def _known_answer(code: str, message: str, endpoint: Endpoint, *, carries_code: bool) -> Refusal | None:
    """The refusal of a response that the table has; None for every other."""
    answer = next((one for one in ANSWERS if one.means(code, message)), None)
    if answer is None:
        return None
    region = endpoint.region or "this Region"
    if answer.kind is RefusalKind.UNKNOWN_KEY and endpoint.url is None and is_opt_in(region):
        return Refusal(
            RefusalKind.REGION,
            f"AWS does not know the access key in {region}: the Region is not enabled for the account, or the key does "
            "not exist or is inactive.",
            f"Choose another AWS_REGION, or have an administrator enable {region} (Account, AWS Regions). If it is "
            "enabled, set AWS_ACCESS_KEY_ID to an active key.",
        )
    code_spent = answer.code_spent and carries_code
    texts = {"region": region, "at": f" {host_of(endpoint)}" if endpoint.url else ""}
    return Refusal(answer.kind, answer.problem.format(**texts), answer.remedy.format(**texts), code_spent=code_spent)


def _call_refusal(full_code: str, message: str, *, carries_code: bool) -> Refusal:
    """The refusal of any other call."""
    code = full_code.removesuffix("Exception")
    if code in DENIALS:
        denial = read_denial(message)
        return Refusal(RefusalKind.DENIED, f"{denial.reason[0].upper()}{denial.reason[1:]}.", denial.remedy)
    if code not in VALIDATION:
        return transient(
            RefusalKind.INVALID,
            f"AWS returned the error {full_code}",
            "Check the organization variables and AWS_REGION",
            carries_code=carries_code,
            maybe_spent=True,
        )
    argument = argument_of_session(message)
    if argument is None:
        remedy = "Check AWS_MFA_SERIAL_NUMBER and the session duration."
        return Refusal(RefusalKind.INVALID, "AWS rejected the request as invalid.", remedy)
    name, rule = argument
    return Refusal(RefusalKind.INVALID, f"{name} is not valid: expected {rule}.", f"Correct {name}.")


def _role_refusal(role_arn: str, code: str, message: str) -> Refusal:
    """The refusal of an AssumeRole call."""
    action, cause, explicit_deny = "", None, False
    possible: tuple[Cause, ...] = ()
    argument = argument_of_role(code, message)
    if code in DENIALS:
        denial = read_denial(message, "sts:AssumeRole")
        action = "" if denial.settled else denial.action
        cause, explicit_deny = denial.cause, denial.explicit
        possible = TRUST_CAUSES if denial.by_trust_policy else ()
        reason = denial.reason
        remedy = denial.remedy if denial.explicit or denial.policy else _SEVERAL_CAUSES
    elif argument is not None:
        name, rule = argument
        cause = Cause.DURATION if name == "duration" else Cause.ARGUMENT
        reason, remedy = f"its `{name}` is not valid", f"Correct `{name}` in the assume_role block: {rule}."
    else:
        reason, remedy = f"AWS returned the error {code}", "Correct the values in the assume_role block."
    return Refusal(
        RefusalKind.ROLE,
        f"{role_arn} cannot be assumed: {reason}.",
        remedy,
        reason=reason,
        action=action,
        explicit_deny=explicit_deny,
        cause=cause,
        possible=possible,
    )
