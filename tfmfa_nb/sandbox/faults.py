"""Faults on demand, for the next calls that carry a code."""

from __future__ import annotations

import threading
from dataclasses import replace

from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse, error_response

FAULTS = ("throttle", "server-error", "reset-before", "reset-after", "slow", "captive-portal")
_SLOW = 20.0  # seconds, more than a client should wait


class Faults:
    """What was planned and has not happened yet.

    Attributes:
        seconds: how long a slow answer takes.
    """

    def __init__(self) -> None:
        self.seconds = _SLOW
        self._lock = threading.Lock()
        self._planned: list[str] = []

    def plan(self, kind: str, times: int = 1) -> None:
        """Make the next `times` calls of STS that carry a code fail; faults happen in the order they were planned.

        Raises:
            ValueError: there is no such fault, or `times` is below 1.
        """
        if kind not in FAULTS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(FAULTS)}")
        if times < 1:
            raise ValueError(f"a fault happens at least once, not {times} times")
        with self._lock:
            self._planned += [kind] * times

    def take(self, request: AwsRequest) -> str:
        """The fault that befalls `request`, or ""."""
        if request.service != "sts" or "TokenCode" not in request.parameters():
            return ""
        with self._lock:
            return self._planned.pop(0) if self._planned else ""

    def clear(self) -> None:
        """Plan none."""
        with self._lock:
            self._planned.clear()

    def after(self, kind: str, answer: AwsResponse) -> AwsResponse:
        """What becomes of AWS's answer on its way back."""
        if kind == "reset-after":
            return replace(answer, reset=True)
        if kind == "slow":
            return replace(answer, seconds=self.seconds)
        return answer


def answer_instead(kind: str, request: AwsRequest) -> AwsResponse | None:
    """What comes back before AWS has looked at the request; None where it does look."""
    if kind == "throttle":
        return error_response(request, 400, "Throttling", "Rate exceeded")
    if kind == "server-error":
        return error_response(request, 503, "ServiceUnavailable", "Service is unable to handle request.")
    if kind == "captive-portal":
        return AwsResponse(200, {"content-type": "text/html"}, b"<html><body>Welcome! Please log in.</body></html>")
    if kind == "reset-before":
        return AwsResponse(0, {}, b"", reset=True)
    return None
