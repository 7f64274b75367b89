"""An AWS that checks who calls, whether with MFA, and whether the call is allowed, before moto answers."""

from __future__ import annotations

import math
import re
import secrets
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse, error_response
from tfmfa_nb.sandbox.callers import Caller, TemporaryCredentials, iam, root_caller, user_caller
from tfmfa_nb.sandbox.faults import FaultQueue, fault_response
from tfmfa_nb.sandbox.mfa_devices import MfaDevices
from tfmfa_nb.sandbox.policy_evaluation import allows
from tfmfa_nb.sandbox.policy_simulation import answer_simulation
from tfmfa_nb.sandbox.signatures import check_signature
from tfmfa_nb.sandbox.sts import answer_sts

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCOPE_PARTS = 5


class StrictAws:
    """One account of AWS, in front of moto.

    Args:
        admin: the access key ID and the secret access key of the administrator who provisions the account.

    Attributes:
        ahead: how far the clock of MFA codes and of expiration is ahead of this machine's, in seconds.
        signature_ahead: the same for the clock that the dates of requests are compared with.
        sessions: the temporary credentials by their access key ID.
        calls: every call, without codes, secrets, and tokens.
    """

    def __init__(self, admin: tuple[str, str] = ("", "")) -> None:
        self._admin = admin
        self._lock = threading.Lock()
        self.ahead = 0.0
        self.signature_ahead = 0.0
        self.sessions: dict[str, TemporaryCredentials] = {}
        self.calls: list[dict[str, Any]] = []
        self.devices = MfaDevices(self.now)
        self.faults = FaultQueue()

    def now(self) -> float:
        """The time of MFA codes and of expiration, in seconds since the epoch."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Move the clock of MFA codes and of expiration forward.

        Raises:
            ValueError: `seconds` is not finite.
        """
        if not math.isfinite(seconds):
            raise ValueError(f"The clock cannot be moved by {seconds} seconds.")
        with self._lock:
            self.ahead += seconds

    def skew(self, seconds: float) -> None:
        """Set the clock that the dates of requests are compared with to `seconds` ahead of this machine's.

        Raises:
            ValueError: `seconds` is not finite.
        """
        if not math.isfinite(seconds):
            raise ValueError(f"The clock cannot be {seconds} seconds ahead.")
        self.signature_ahead = seconds

    def expire(self) -> None:
        """Expire all temporary credentials now."""
        with self._lock:
            self.sessions = {
                key: replace(credentials, expires=self.now() - 1) for key, credentials in self.sessions.items()
            }

    def issue(self, caller: Caller, seconds: int) -> tuple[str, TemporaryCredentials]:
        """Issue temporary credentials to `caller`.

        Returns:
            The access key ID, and the rest of the credentials.
        """
        key = f"ASIA{secrets.token_hex(8).upper()}"
        secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(180)
        credentials = TemporaryCredentials(caller, secret, token, self.now() + seconds)
        with self._lock:
            self.sessions[key] = credentials
        return key, credentials

    def context(self, caller: Caller) -> dict[str, str]:
        """The condition keys of a request by `caller`; requests with long-term keys have none about MFA.

        Only a user has a name, with a session too; the session of a role has none.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
        """
        named = {} if caller.role or caller.identity is None else {"aws:username": str(caller.identity.name)}
        if not caller.session:
            return named
        if caller.mfa_at is None:
            return {**named, "aws:MultiFactorAuthPresent": "false"}
        age = str(int(self.now() - caller.mfa_at))
        return {**named, "aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": age}

    def answer(self, request: AwsRequest) -> AwsResponse | None:
        """The response of AWS to `request`; None if the call is allowed and moto is to answer it."""
        fault = self.faults.take(request)
        response = fault_response(fault, request)
        if response is not None:
            self._log(request, None, response, fault)
            return response
        caller = self.authenticate(request)
        if isinstance(caller, AwsResponse):
            self._log(request, None, caller, fault)
            return caller
        response = answer_sts(self, request, caller) if request.service == "sts" else self._authorize(request, caller)
        if response is None and (request.service, request.action) == ("iam", "SimulatePrincipalPolicy"):
            response = answer_simulation(request)
        self._log(request, caller, response, fault)
        return None if response is None else self.faults.apply(fault, response)

    def authenticate(self, request: AwsRequest) -> Caller | AwsResponse:
        """The caller who signed the request, or the error response of AWS to the signature."""
        if len(request.credential) != _SCOPE_PARTS:
            return error_response(request, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        found = self._find(request.credential[0], request.session_token)
        if found is None:
            return error_response(
                request, 403, "InvalidClientTokenId", "The security token included in the request is invalid."
            )
        caller, secret, expires = found
        error = check_signature(request, secret, time.time() + self.signature_ahead)
        if error is not None:
            return error
        if expires <= self.now():
            return error_response(request, 403, "ExpiredToken", "The security token included in the request is expired")
        return caller

    def _find(self, key: str, token: str | None) -> tuple[Caller, str, float] | None:
        """The caller, the secret, and the expiration that belong to an access key ID and a session token."""
        credentials = self.sessions.get(key)
        if credentials is not None:
            return (credentials.caller, credentials.secret, credentials.expires) if token == credentials.token else None
        if not key or token is not None:
            return None
        if key == self._admin[0]:
            return root_caller(), self._admin[1], math.inf
        for user in iam().users.values():
            for access_key in user.access_keys:
                if access_key.access_key_id == key and access_key.status == "Active":
                    return user_caller(user), access_key.secret_access_key, math.inf
        return None

    def _authorize(self, request: AwsRequest, caller: Caller) -> AwsResponse | None:
        """AWS's error response to a call that no policy allows; None if the call is allowed."""
        action = f"{request.service}:{request.action}"
        if allows(caller.policies, action, None, self.context(caller)):
            return None
        message = f"User: {caller.arn} is not authorized to perform: {action} because no policy allows the action"
        return error_response(request, 403, "AccessDenied", message)

    def _log(self, request: AwsRequest, caller: Caller | None, response: AwsResponse | None, fault: str) -> None:
        """Add the call to `calls`."""
        parameters: Mapping[str, str] = request.parameters() if request.service == "sts" else {}
        failed = response is not None and response.status != 200  # noqa: PLR2004
        code = rb"<Code>(.*?)</Code>|\"__type\": \"(.*?)\""
        error = re.search(code, response.body) if response is not None and failed else None
        call = {
            "time": self.now(),
            "received": time.time(),
            "service": request.service,
            "region": request.region,
            "action": request.action,
            "access_key_id": request.credential[0] if request.credential else "",
            "identity": caller.arn if caller else "",
            "mfa": caller is not None and caller.mfa_at is not None,
            "allowed": not failed,
            "error": next((part.decode() for part in error.groups() if part), "") if error else "",
            "fault": fault,
            "request_id": request.id,
            "presigned": request.presigned is not None,
            "user_agent": request.headers.get("user-agent", ""),
        }
        if "RoleArn" in parameters:
            call["role_arn"] = parameters["RoleArn"]
        with self._lock:
            self.calls.append(call)
