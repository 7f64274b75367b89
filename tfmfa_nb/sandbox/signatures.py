"""Checks the date and the signature of a request, in AWS's order and words.

A signature in the query ends 15 minutes after its date, like any other of STS, whatever its X-Amz-Expires says
(https://github.com/aws/aws-sdk-go/issues/2167): whoever relies on that parameter has to check it.
"""

from __future__ import annotations

import re
import time
from calendar import timegm
from typing import TYPE_CHECKING

from tfmfa_nb.sandbox.aws_http import error_response

if TYPE_CHECKING:
    from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse

_MAX_SKEW = 15 * 60  # seconds
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_EXPIRES = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_LONGEST = 7 * 86_400  # seconds


def check_signature(request: AwsRequest, secret: str, now: float) -> AwsResponse | None:
    """AWS's error response to a signature that is not valid; None for a valid one.

    Args:
        request: a signed request.
        secret: the secret access key that belongs to its access key ID.
        now: the time to compare its date with, in seconds since the epoch.
    """
    if request.presigned is not None:
        expires = request.presigned.get("X-Amz-Expires", "")
        if not _EXPIRES.fullmatch(expires) or int(expires) > _LONGEST:
            return error_response(
                request, 400, "IncompleteSignature", "X-Amz-Expires must be a number of seconds from 1 to 604800"
            )
    problem = _date_problem(request, now)
    if not problem and not request.is_signed_with(secret):
        problem = (
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )
    return error_response(request, 403, "SignatureDoesNotMatch", problem) if problem else None


def _date_problem(request: AwsRequest, now: float) -> str:
    """What AWS says about the date of a request; "" if it is right."""
    date = request.signed_at
    try:
        sent = timegm(time.strptime(date if re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", date) else "", _DATE_FORMAT))
    except ValueError:
        return "Date must be in ISO-8601 'basic format'. Got '" + date + "'."
    scope = request.credential[1]
    if scope != date[:8]:
        return (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope}' != '{date[:8]}', from '{date}'."
        )
    if abs(sent - now) <= _MAX_SKEW:
        return ""
    text = time.strftime(_DATE_FORMAT, time.gmtime(now))
    if sent < now:
        limit = time.strftime(_DATE_FORMAT, time.gmtime(now - _MAX_SKEW))
        return f"Signature expired: {date} is now earlier than {limit} ({text} - 15 min.)"
    limit = time.strftime(_DATE_FORMAT, time.gmtime(now + _MAX_SKEW))
    return f"Signature not yet current: {date} is still later than {limit} ({text} + 15 min.)"
