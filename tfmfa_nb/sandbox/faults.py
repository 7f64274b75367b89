"""Fault injection: the next calls of STS that carry an MFA code, or of one action, fail in a chosen way."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.sandbox.aws_http import AwsResponse, error_response

if TYPE_CHECKING:
    from tfmfa_nb.sandbox.aws_http import AwsRequest

FAULTS = ("throttle", "server-error", "reset-before", "reset-after", "slow", "captive-portal")
_SLOW = 20.0  # seconds; longer than a client should wait


class FaultQueue:
    """The faults that have not happened yet, in their order.

    Attributes:
        seconds: the duration of a slow response.
    """

    def __init__(self) -> None:
        self.seconds = _SLOW
        self._lock = threading.Lock()
        self._pending: list[tuple[str, str]] = []

    def inject(self, fault: str, times: int = 1, seconds: float | None = None, action: str = "") -> None:
        """Make the next `times` calls of STS fail, after those that fail already.

        Args:
            fault: one of `FAULTS`.
            times: the number of calls; at least 1.
            seconds: the duration of every slow response from now on; None to leave it.
            action: the action that fails: "AssumeRole"; "" for each call that carries a code.

        Raises:
            ValueError: there is no such fault, or a number is out of its range.
        """
        if fault not in FAULTS:
            raise ValueError(f"{fault!r} is not a fault. The faults are: {', '.join(FAULTS)}.")
        if times < 1:
            raise ValueError(f"A fault must happen at least once, not {times} times.")
        if seconds is not None:
            if not 0 <= seconds < math.inf:
                raise ValueError(f"A response cannot take {seconds} seconds.")
            self.seconds = seconds
        with self._lock:
            self._pending += [(action, fault)] * times

    def take(self, request: AwsRequest) -> str:
        """The fault of `request`; "" if it has none."""
        if request.service != "sts":
            return ""
        names = {request.action, *([""] if "TokenCode" in request.parameters() else [])}
        with self._lock:
            for number, (action, fault) in enumerate(self._pending):
                if action in names:
                    del self._pending[number]
                    return fault
        return ""

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._pending.clear()

    def apply(self, fault: str, response: AwsResponse) -> AwsResponse:
        """`response` with a fault that happens after AWS has answered."""
        if fault == "reset-after":
            return replace(response, reset=True)
        if fault == "slow":
            return replace(response, seconds=self.seconds)
        return response


def fault_response(fault: str, request: AwsRequest) -> AwsResponse | None:
    """The response of a fault that happens before AWS sees the request; None for every other fault."""
    if fault == "throttle":
        return error_response(request, 400, "Throttling", "Rate exceeded")
    if fault == "server-error":
        return error_response(request, 503, "ServiceUnavailable", "Service is unable to handle request.")
    if fault == "captive-portal":
        return AwsResponse(200, {"content-type": "text/html"}, b"<html><body>Welcome! Please log in.</body></html>")
    if fault == "reset-before":
        return AwsResponse(0, {}, b"", reset=True)
    return None
