"""The strict core: who is calling, with MFA or not, and may they. The same behind the server and in a process."""

from __future__ import annotations

import re
import secrets
import threading
import time
from calendar import timegm
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfmfa_nb.sandbox.policies import allows
from tfmfa_nb.sandbox.requests import Answer, Request, error, within_skew

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "123456789012"  # moto's own default account
_PARTITION = "aws"
_STEP = 30  # seconds a code is shown for (RFC 6238)
FAULTS = ("throttle", "server-error", "reset-before", "reset-after", "slow", "captive-portal")
_SLOW = 20.0  # seconds, more than a client should wait


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials signed a request.

    Attributes:
        names: the principals that a trust policy may call this caller by.
        policies: its identity policies.
        mfa_at: when MFA was given, on the sandbox's clock; None without.
        session: whether these are temporary credentials.
        role: whether they are a role's.
    """

    arn: str
    user_id: str
    names: tuple[str, ...]
    policies: tuple[str, ...] = field(repr=False, default=())
    mfa_at: float | None = None
    session: bool = False
    role: bool = False
    user: Any = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials that were given out."""

    caller: Caller
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires: float


class StrictAws:
    """The state of one sandbox, guarded by one lock.

    Args:
        admin: (access key id, secret) that may do everything, for provisioning.
    """

    def __init__(self, admin: tuple[str, str] = ("", "")) -> None:
        self._admin = admin
        self._lock = threading.RLock()
        self.ahead = 0.0  # seconds the clock of codes and expiry is ahead of this machine's
        self.signature_ahead = 0.0  # the same for the clock that requests are compared with
        self.sessions: dict[str, Credentials] = {}
        self.calls: list[dict[str, Any]] = []
        self._spent: set[tuple[str, int]] = set()
        self._shown: dict[str, int] = {}
        self._faults: Counter[str] = Counter()

    def now(self) -> float:
        """The time of codes and expiry, in seconds since the epoch."""
        return time.time() + self.ahead

    def fault(self, kind: str, times: int = 1) -> None:
        """Make the next calls of STS that carry a code fail.

        Raises:
            ValueError: there is no such fault.
        """
        if kind not in FAULTS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(FAULTS)}")
        with self._lock:
            self._faults[kind] += times

    def expire(self) -> None:
        """End all temporary credentials now."""
        with self._lock:
            self.sessions = {
                key: Credentials(held.caller, held.secret, held.token, self.now() - 1)
                for key, held in self.sessions.items()
            }

    def next_code(self, serial_number: str) -> tuple[str, float]:
        """The device's code and 0, or, if the current one was given out, "" and the seconds to the next."""
        device = iam().virtual_mfa_devices[serial_number]
        with self._lock:
            step = int(self.now() // _STEP)
            if self._shown.get(serial_number, -1) >= step:
                return "", (step + 1) * _STEP - self.now()
            self._shown[serial_number] = step
        return _code(device.base32_string_seed, step), 0.0

    def take_code(self, serial_number: str, code: str) -> bool:
        """Use a code up: it counts within one step of now, and once; of two at a time exactly one wins."""
        device = iam().virtual_mfa_devices.get(serial_number)
        if device is None:
            return False
        with self._lock:
            step = int(self.now() // _STEP)
            for candidate in (step - 1, step, step + 1):
                same = secrets.compare_digest(_code(device.base32_string_seed, candidate), code)
                if same and (serial_number, candidate) not in self._spent:
                    self._spent.add((serial_number, candidate))
                    return True
        return False

    def give(self, caller: Caller, seconds: int) -> tuple[str, Credentials]:
        """Temporary credentials for `caller`."""
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

    def answer(self, request: Request) -> Answer | None:
        """What AWS answers before any service acts; None where the service (moto) may."""
        from tfmfa_nb.sandbox.sts import answer_sts  # noqa: PLC0415 - it builds on this module

        if request.service == "sts":
            fault = self._take_fault(request)
            if fault in {"throttle", "server-error", "captive-portal", "reset-before", "slow"}:
                return self._noted(request, None, _fault_answer(request, fault))
            caller = self.authenticate(request)
            if isinstance(caller, Answer):
                return self._noted(request, None, caller)
            answer = answer_sts(self, request, caller)
            if fault == "reset-after":
                answer = Answer(0, {}, b"", reset=True)
            return self._noted(request, caller, answer)
        caller = self.authenticate(request)
        if isinstance(caller, Answer):
            return self._noted(request, None, caller)
        action = f"{request.service}:{request.action}"
        if not allows(caller.policies, action, "*", self.context(caller)):
            message = f"User: {caller.arn} is not authorized to perform: {action} because no policy allows the action"
            return self._noted(
                request, caller, error(request, 400 if request.speaks_json() else 403, "AccessDenied", message)
            )
        self._noted(request, caller, None)
        return None

    def authenticate(self, request: Request) -> Caller | Answer:
        """Who signed the request, or AWS's answer to a signature that it does not take."""
        if len(request.credential) != 5:  # noqa: PLR2004 - its five parts
            return error(request, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        key = request.credential[0]
        found = self._find(key, request.headers.get("x-amz-security-token"))
        if found is None:
            return error(request, 403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        caller, secret, expires = found
        skewed = self._skew(request)
        if skewed:
            return error(request, 403, "SignatureDoesNotMatch", skewed)
        if not request.signed_with(secret):
            return error(
                request, 403, "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details.",
            )  # fmt: skip
        if expires is not None and expires <= self.now():
            return error(request, 403, "ExpiredToken", "The security token included in the request is expired")
        return caller

    def _find(self, key: str, token: str | None) -> tuple[Caller, str, float | None] | None:
        if key and key == self._admin[0]:
            root = f"arn:{_PARTITION}:iam::{ACCOUNT}:root"
            everything = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
            return Caller(root, ACCOUNT, (root, ACCOUNT), (everything,)), self._admin[1], None
        held = self.sessions.get(key)
        if held is not None:
            return (held.caller, held.secret, held.expires) if token == held.token else None
        for user in iam().users.values():
            for access_key in user.access_keys:
                if access_key.access_key_id == key and access_key.status == "Active" and token is None:
                    return user_caller(user), access_key.secret_access_key, None
        return None

    def _skew(self, request: Request) -> str:
        stamp = request.headers.get("x-amz-date", "")
        if not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
            return "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
        sent, now = timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")), time.time() + self.signature_ahead
        if within_skew(sent, now):
            return ""
        now_stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        if sent < now:
            limit = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now - 900))
            return f"Signature expired: {stamp} is now earlier than {limit} ({now_stamp} - 15 min.)"
        limit = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now + 900))
        return f"Signature not yet current: {stamp} is still later than {limit} ({now_stamp} + 15 min.)"

    def _take_fault(self, request: Request) -> str:
        if "TokenCode" not in request.parameters():
            return ""
        with self._lock:
            for kind, left in self._faults.items():
                if left > 0:
                    self._faults[kind] -= 1
                    return kind
        return ""

    def _noted(self, request: Request, caller: Caller | None, answer: Answer | None) -> Answer | None:
        """Write the call down: who called what, with which credentials; never a code, a secret or a token."""
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
        }
        if "RoleArn" in parameters:
            note["role_arn"] = parameters["RoleArn"]
        with self._lock:
            self.calls.append(note)
        return answer


def user_caller(user: Any, mfa_at: float | None = None, *, session: bool = False) -> Caller:
    """An IAM user as a caller, by its long-term keys or by a session."""
    root = f"arn:{_PARTITION}:iam::{user.account_id}:root"
    return Caller(
        user.arn, user.id, (user.arn, root, user.account_id), policies_of(user), mfa_at, session=session, user=user
    )


def policies_of(identity: Any) -> tuple[str, ...]:
    """A user's or role's inline and attached policies."""
    return (*identity.policies.values(), *(policy.document for policy in identity.managed_policies.values()))


def iam() -> Any:
    """Moto's IAM: users, keys, devices, roles, as ordinary IAM calls have made them."""
    from moto.backends import get_backend  # noqa: PLC0415 - heavy

    return get_backend("iam")[ACCOUNT][_PARTITION]


def _code(seed: str, step: int) -> str:
    from pyotp import TOTP  # noqa: PLC0415

    return TOTP(seed).generate_otp(step)


def _fault_answer(request: Request, kind: str) -> Answer:
    if kind == "throttle":
        return error(request, 400, "Throttling", "Rate exceeded")
    if kind == "server-error":
        return error(request, 503, "ServiceUnavailable", "Service is unable to handle request.")
    if kind == "captive-portal":
        return Answer(200, {"content-type": "text/html"}, b"<html><body>Welcome! Please log in.</body></html>")
    if kind == "slow":
        time.sleep(_SLOW)
    return Answer(0, {}, b"", reset=True)
