"""The strict core: who is calling, with MFA or not, and may they. The same behind the server and in a process."""

from __future__ import annotations

import math
import re
import secrets
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse, error_response
from tfmfa_nb.sandbox.callers import Caller, Credentials, iam, root_caller, user_caller
from tfmfa_nb.sandbox.faults import Faults, answer_instead
from tfmfa_nb.sandbox.mfa_devices import Devices
from tfmfa_nb.sandbox.policy_evaluation import allows
from tfmfa_nb.sandbox.policy_simulation import answer_simulation
from tfmfa_nb.sandbox.signatures import refuse_signature
from tfmfa_nb.sandbox.sts import answer_sts

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCOPE_PARTS = 5


class StrictAws:
    """The state of one sandbox.

    Args:
        admin: (access key id, secret) that may do everything, for provisioning.

    Attributes:
        ahead: seconds that the clock of codes and expiry is ahead of this machine's.
        signature_ahead: the same for the clock that requests are compared with.
        calls: who called what; without a code, a secret or a token.
    """

    def __init__(self, admin: tuple[str, str] = ("", "")) -> None:
        self._admin = admin
        self._lock = threading.Lock()
        self.ahead = 0.0
        self.signature_ahead = 0.0
        self.sessions: dict[str, Credentials] = {}
        self.calls: list[dict[str, Any]] = []
        self.devices = Devices(self.now)
        self.faults = Faults()

    def now(self) -> float:
        """The time of codes and expiry, in seconds since the epoch."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Move the clock of codes and expiry.

        Raises:
            ValueError: `seconds` is no number of seconds.
        """
        if not math.isfinite(seconds):
            raise ValueError(f"the clock cannot be moved by {seconds} seconds")
        with self._lock:
            self.ahead += seconds

    def skew(self, seconds: float) -> None:
        """Set how far the clock that signatures are compared with is ahead.

        Raises:
            ValueError: `seconds` is no number of seconds.
        """
        if not math.isfinite(seconds):
            raise ValueError(f"the clock cannot be {seconds} seconds ahead")
        self.signature_ahead = seconds

    def expire(self) -> None:
        """End all temporary credentials now."""
        with self._lock:
            self.sessions = {key: replace(held, expires=self.now() - 1) for key, held in self.sessions.items()}

    def give(self, caller: Caller, seconds: int) -> tuple[str, Credentials]:
        """Temporary credentials for `caller`: their access key id and the rest."""
        key = f"ASIA{secrets.token_hex(8).upper()}"
        held = Credentials(caller, secrets.token_urlsafe(30), secrets.token_urlsafe(180), self.now() + seconds)
        with self._lock:
            self.sessions[key] = held
        return key, held

    def context(self, caller: Caller) -> dict[str, str]:
        """The condition keys that a request of `caller` has; MFA's are absent from long-term keys' requests."""
        if not caller.session:
            return {}
        if caller.mfa_at is None:
            return {"aws:MultiFactorAuthPresent": "false"}
        age = str(int(self.now() - caller.mfa_at))
        return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": age}

    def answer(self, request: AwsRequest) -> AwsResponse | None:
        """What AWS answers before any service acts; None where the service (moto) may."""
        fault = self.faults.take(request)
        instead = answer_instead(fault, request)
        if instead is not None:
            return self._noted(request, None, instead, fault)
        caller = self.authenticate(request)
        if isinstance(caller, AwsResponse):
            return self._noted(request, None, caller, fault)
        answer = answer_sts(self, request, caller) if request.service == "sts" else self._forbid(request, caller)
        if answer is None and (request.service, request.action) == ("iam", "SimulatePrincipalPolicy"):
            answer = answer_simulation(request)
        self._noted(request, caller, answer, fault)
        return None if answer is None else self.faults.after(fault, answer)

    def authenticate(self, request: AwsRequest) -> Caller | AwsResponse:
        """Who signed the request, or AWS's answer to a signature that it does not take."""
        if len(request.credential) != _SCOPE_PARTS:
            return error_response(request, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        found = self._find(request.credential[0], request.headers.get("x-amz-security-token"))
        if found is None:
            return error_response(
                request, 403, "InvalidClientTokenId", "The security token included in the request is invalid."
            )
        caller, secret, expires = found
        refused = refuse_signature(request, secret, time.time() + self.signature_ahead)
        if refused is not None:
            return refused
        if expires <= self.now():
            return error_response(request, 403, "ExpiredToken", "The security token included in the request is expired")
        return caller

    def _find(self, key: str, token: str | None) -> tuple[Caller, str, float] | None:
        """Who has this key, its secret, and when it expires."""
        held = self.sessions.get(key)
        if held is not None:
            return (held.caller, held.secret, held.expires) if token == held.token else None
        if not key or token is not None:
            return None
        if key == self._admin[0]:
            return root_caller(), self._admin[1], math.inf
        for user in iam().users.values():
            for access_key in user.access_keys:
                if access_key.access_key_id == key and access_key.status == "Active":
                    return user_caller(user), access_key.secret_access_key, math.inf
        return None

    def _forbid(self, request: AwsRequest, caller: Caller) -> AwsResponse | None:
        action = f"{request.service}:{request.action}"
        if allows(caller.policies, action, None, self.context(caller)):
            return None
        message = f"User: {caller.arn} is not authorized to perform: {action} because no policy allows the action"
        return error_response(request, 403, "AccessDenied", message)

    def _noted(
        self, request: AwsRequest, caller: Caller | None, answer: AwsResponse | None, fault: str
    ) -> AwsResponse | None:
        """Write the call down."""
        parameters: Mapping[str, str] = request.parameters() if request.service == "sts" else {}
        failed = answer is not None and answer.status != 200  # noqa: PLR2004
        code = re.search(rb"<Code>(.*?)</Code>|\"__type\": \"(.*?)\"", answer.body) if answer and failed else None
        note = {
            "time": self.now(),
            "service": request.service,
            "action": request.action,
            "access_key_id": request.credential[0] if request.credential else "",
            "identity": caller.arn if caller else "",
            "mfa": caller is not None and caller.mfa_at is not None,
            "allowed": not failed,
            "error": next((part.decode() for part in code.groups() if part), "") if code else "",
            "fault": fault,
        }
        if "RoleArn" in parameters:
            note["role_arn"] = parameters["RoleArn"]
        with self._lock:
            self.calls.append(note)
        return answer
