"""When a request was signed, and with which secret; in AWS's order and words."""

from __future__ import annotations

import re
import time
from calendar import timegm
from typing import TYPE_CHECKING

from tfmfa_nb.sandbox.aws_http import error_response

if TYPE_CHECKING:
    from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse

_SKEW = 15 * 60  # seconds by which a request's clock may differ
_STAMP = "%Y%m%dT%H%M%SZ"


def refuse_signature(request: AwsRequest, secret: str, now: float) -> AwsResponse | None:
    """AWS's answer to a signature that it does not take; None for a good one.

    Args:
        request: a signed request.
        secret: the one that belongs to its key.
        now: the clock that its time is compared with, in seconds since the epoch.
    """
    fault = _skew(request, now)
    if not fault and not request.signed_with(secret):
        fault = (
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )
    return error_response(request, 403, "SignatureDoesNotMatch", fault) if fault else None


def _skew(request: AwsRequest, now: float) -> str:
    stamp = request.headers.get("x-amz-date", "")
    try:
        sent = timegm(time.strptime(stamp if re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", stamp) else "", _STAMP))
    except ValueError:
        return "Date must be in ISO-8601 'basic format'. Got '" + stamp + "'."
    scope = request.credential[1]
    if scope != stamp[:8]:
        return (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope}' != '{stamp[:8]}', from '{stamp}'."
        )
    if abs(sent - now) <= _SKEW:
        return ""
    text = time.strftime(_STAMP, time.gmtime(now))
    if sent < now:
        limit = time.strftime(_STAMP, time.gmtime(now - _SKEW))
        return f"Signature expired: {stamp} is now earlier than {limit} ({text} - 15 min.)"
    limit = time.strftime(_STAMP, time.gmtime(now + _SKEW))
    return f"Signature not yet current: {stamp} is still later than {limit} ({text} + 15 min.)"
