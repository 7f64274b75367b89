"""The handle of a sandbox, whose server is a process of its own (`python -m tfmfa_nb.sandbox`)."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from tfmfa_nb.model.errors import SandboxError
from tfmfa_nb.organization.policy_places import POLICY_VARIABLE
from tfmfa_nb.protocol.formats import SANDBOX
from tfmfa_nb.sandbox.callers import ACCOUNT
from tfmfa_nb.sandbox.extra import require_extra
from tfmfa_nb.sandbox.provision import USER, provision
from tfmfa_nb.sandbox.wsgi import CONTROL_PATH

if TYPE_CHECKING:
    from pathlib import Path

_REGION = "eu-west-1"
_INFO = "sandbox.json"
_POLICY = "policy.toml"
# Enables MFA, without which no level can be set, and names the endpoint, which is not AWS's own.
_POLICY_TEXT = """\
mfa = true
owners = ["{owner}"]

[allow]
endpoints = ["{url}"]
"""
INFO_VARIABLE = "TFMFA_SANDBOX"
_MEMBERS = {
    "access_key_id", "admin", "admin_secret", "secret_access_key", "seed", "serial_number", "token", "url",
}  # fmt: skip


class Sandbox:
    """A running sandbox: `start` starts one, `find` finds one that is running.

    Args:
        info: the content of its file: url, token, alice's key, serial number, and seed, and the administrator's key.
        path: its file.
        process: its server, if this process started it.
    """

    def __init__(self, info: dict[str, str], path: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self._info, self._path, self._process = info, path, process

    @classmethod
    def start(cls, folder: Path, port: int = 0, *, user_may_act: bool = False) -> Self:
        """Start a sandbox with its user, MFA device, and roles, in about a second.

        Args:
            folder: for its file (mode 0600, because it has keys) and its log; created if it does not exist.
            port: TCP port; 0 for a free one.
            user_may_act: whether alice may act without a role.

        Raises:
            SandboxError: the sandbox does not start.
        """
        require_extra()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        admin = (f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
        token = secrets.token_urlsafe(30)
        with (folder / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-m", "tfmfa_nb.sandbox"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        info = {"token": token, "admin": admin[0], "admin_secret": admin[1]}
        sandbox = cls(info, (folder / _INFO).absolute(), process)
        try:
            port = _start_serving(process, {"port": port, "token": token, "admin": admin})
            if port == 0:
                raise SandboxError(f"The sandbox did not start: {_last_line(folder / 'server.log')}.")
            info["url"] = f"http://127.0.0.1:{port}"
            info.update(provision(sandbox.client("iam"), user_may_act=user_may_act))
            fd = os.open(sandbox._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "w") as file:
                json.dump(SANDBOX.stamp(info), file)
            policy = folder / _POLICY
            policy.write_text(_POLICY_TEXT.format(owner=USER, url=info["url"]))
            policy.chmod(0o644)  # whatever the umask: a policy that others may write is refused
        except BaseException:
            sandbox.stop()
            raise
        return sandbox

    @classmethod
    def find(cls, path: Path) -> Self:
        """Find the running sandbox whose file is at `path`.

        Raises:
            SandboxError: no sandbox has left its file there.
            FormatError: a version of this package with another format started it.
        """
        try:
            info = json.loads(path.read_text())
        except (OSError, ValueError):
            info = None
        if isinstance(info, dict):
            SANDBOX.check(info, path)
        if not isinstance(info, dict) or not info.keys() >= _MEMBERS:
            raise SandboxError("No sandbox is running.", "Start one: jupyter tfmfa sandbox start")
        return cls(info, path)

    @property
    def path(self) -> Path:
        """The sandbox's file, for `find`."""
        return self._path

    def environ(self) -> dict[str, str]:
        """The process variables that make Terraform and the AWS SDKs use the sandbox as alice."""
        return {
            "AWS_ENDPOINT_URL": self._info["url"],
            "AWS_REGION": _REGION,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_ACCESS_KEY_ID": self._info["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self._info["secret_access_key"],
            "AWS_MFA_SERIAL_NUMBER": self._info["serial_number"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "TF_VAR_deploy_role_arn": f"arn:aws:iam::{ACCOUNT}:role/deploy",
            INFO_VARIABLE: str(self._path),
            POLICY_VARIABLE: str(self._path.with_name(_POLICY)),
        }

    def uri(self) -> str:
        """The `otpauth` URI of alice's MFA device, for an authenticator app."""
        from pyotp import TOTP  # noqa: PLC0415

        return TOTP(self._info["seed"]).provisioning_uri(name=USER, issuer_name="tfmfa_nb sandbox")

    def client(self, service: str) -> Any:
        """An administrator's boto3 client."""
        from boto3 import Session  # noqa: PLC0415 - takes a second

        return Session(self._info["admin"], self._info["admin_secret"], region_name=_REGION).client(
            service, endpoint_url=self._info["url"]
        )

    def code(self, *, wait: bool = True, serial_number: str = "") -> str:
        """The next code of an MFA device; each code once.

        Args:
            serial_number: the device's; "" for alice's.
            wait: whether to wait for the next code if the current one was returned before; otherwise the sandbox's
                clock moves forward.
        """
        while True:
            answer = self._control("code", serial_number=serial_number or self._info["serial_number"])
            if answer["code"]:
                return str(answer["code"])
            if wait:
                time.sleep(answer["wait"])
            else:
                self.advance(answer["wait"])

    def advance(self, seconds: float) -> None:
        """Move the clock of MFA codes and of expiration forward by `seconds`."""
        self._control("advance", seconds=seconds)

    def skew(self, seconds: float) -> None:
        """Set the clock that the dates of requests are compared with to `seconds` ahead of this machine's."""
        self._control("skew", seconds=seconds)

    def expire(self) -> None:
        """Expire all temporary credentials now."""
        self._control("expire")

    def fault(self, fault: str, times: int = 1, seconds: float = 20.0, *, action: str = "") -> None:
        """Make the next calls of STS fail.

        Args:
            fault: one of `faults.FAULTS`.
            times: the number of calls.
            seconds: the duration of a slow response.
            action: the action that fails, such as "AssumeRole"; "" for each call that carries an MFA code.

        Raises:
            SandboxError: there is no such fault, or a number is out of its range.
        """
        self._control("fault", fault=fault, times=times, seconds=seconds, action=action)

    def calls(self) -> list[dict[str, Any]]:
        """Every call: who called which action, with which key, whether with MFA, and whether it was allowed."""
        calls: list[dict[str, Any]] = self._control("calls")
        return calls

    def stop(self) -> None:
        """Stop the sandbox, if this handle started it."""
        if self._process is not None and self._process.stdin is not None and self._process.stdout is not None:
            with contextlib.suppress(BrokenPipeError):  # it died before it had read its settings
                self._process.stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._path.unlink(missing_ok=True)

    def _control(self, command: str, **parameters: Any) -> Any:
        url = f"{self._info['url']}{CONTROL_PATH}{command}?{urlencode(parameters)}"
        request = urllib.request.Request(url, headers={"x-sandbox-token": self._info["token"]})  # noqa: S310 - ours
        try:
            # Without the person's proxy: the sandbox is on this machine.
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise SandboxError(_error_text(error)) from None
        except (OSError, http.client.HTTPException, ValueError):
            raise SandboxError("The sandbox does not respond.", "Start one: jupyter tfmfa sandbox start") from None


def _start_serving(process: subprocess.Popen[bytes], settings: dict[str, Any]) -> int:
    """Pass the settings to the server; the port that it serves, or 0 if it ended."""
    if process.stdin is None or process.stdout is None:
        return 0
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        process.stdin.flush()
    word, _, port = process.stdout.readline().partition(b" ")
    return int(port) if word == b"port" else 0


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it ended immediately")


def _error_text(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, LookupError, TypeError):
        return f"The response does not come from a sandbox: {error}."
