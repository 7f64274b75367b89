"""The handle on the sandbox, which is a process of its own (`python -m tfmfa_nb.sandbox`)."""

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
from tfmfa_nb.organization.files import VARIABLE as POLICY_VARIABLE
from tfmfa_nb.sandbox.callers import ACCOUNT
from tfmfa_nb.sandbox.provision import USER, provision
from tfmfa_nb.sandbox.wsgi import ADMIN_PATH

if TYPE_CHECKING:
    from pathlib import Path

_REGION = "eu-west-1"
_INFO = "sandbox.json"
_POLICY = "policy.toml"  # which switches MFA on: levels can be set only then
INFO_VARIABLE = "TFMFA_SANDBOX"
# What the sandbox's file holds.
_KNOWN = {
    "access_key_id", "admin", "admin_secret", "secret_access_key", "seed", "serial_number", "token", "url",
}  # fmt: skip


class Sandbox:
    """A running sandbox; `start` makes one, `find` takes hold of one that runs.

    Args:
        info: what its file holds: url, token, alice's key, serial number and seed, the administrator's key.
    """

    def __init__(self, info: dict[str, str], path: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self._info, self._path, self._process = info, path, process

    @classmethod
    def start(cls, folder: Path, port: int = 0, *, user_may_act: bool = False) -> Self:
        """Start one, with its user, device and roles, in about a second.

        Args:
            folder: where its file goes (mode 0600, keys inside); made if it is not there.
            port: 0 for a free one.
            user_may_act: let alice act without a role.

        Raises:
            SandboxError: it does not start.
        """
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
            served = _first_line(process, {"port": port, "token": token, "admin": admin})
            if served is None:
                raise SandboxError(f"The sandbox did not start: {_last_line(folder / 'server.log')}.")
            info["url"] = f"http://127.0.0.1:{served}"
            info.update(provision(sandbox.client("iam"), user_may_act=user_may_act))
            fd = os.open(sandbox._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "w") as file:
                json.dump(info, file)
            policy = folder / _POLICY
            policy.write_text(f'mfa = true\nowners = ["{USER}"]\n')
            policy.chmod(0o644)  # whatever the umask: a policy that others may write is none
        except BaseException:
            sandbox.stop()
            raise
        return sandbox

    @classmethod
    def find(cls, path: Path) -> Self:
        """Take hold of the sandbox whose file is at `path`.

        Raises:
            SandboxError: there is none.
        """
        try:
            info = json.loads(path.read_text())
        except (OSError, ValueError):
            info = None
        if not isinstance(info, dict) or not info.keys() >= _KNOWN:
            raise SandboxError("No sandbox is running here.", "Start one: jupyter tfmfa sandbox start")
        return cls(info, path)

    @property
    def path(self) -> Path:
        """The file that `find` takes."""
        return self._path

    def environment(self) -> dict[str, str]:
        """What makes Terraform and boto3 talk to the sandbox as alice."""
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
        """What an authenticator app scans to become alice's device."""
        from pyotp import TOTP  # noqa: PLC0415

        return TOTP(self._info["seed"]).provisioning_uri(name=USER, issuer_name="tfmfa_nb sandbox")

    def client(self, service: str) -> Any:
        """An administrator's boto3 client, to look at what is there."""
        from boto3 import Session  # noqa: PLC0415 - heavy

        return Session(self._info["admin"], self._info["admin_secret"], region_name=_REGION).client(
            service, endpoint_url=self._info["url"]
        )

    def code(self, *, wait: bool = True) -> str:
        """The device's next code that was not given out; each one once.

        Args:
            wait: for the next window, if this one's code was given out; else the sandbox's clock goes forward.
        """
        while True:
            answer = self._ask("code", serial_number=self._info["serial_number"])
            if answer["code"]:
                return str(answer["code"])
            if wait:
                time.sleep(answer["wait"])
            else:
                self.advance(answer["wait"])

    def advance(self, seconds: float) -> None:
        """Move the clock of codes and expiry forward."""
        self._ask("advance", seconds=seconds)

    def skew(self, seconds: float) -> None:
        """Set how far the clock that signatures are compared with is ahead."""
        self._ask("skew", seconds=seconds)

    def expire(self) -> None:
        """End all sessions now."""
        self._ask("expire")

    def fault(self, kind: str, times: int = 1, seconds: float = 20.0) -> None:
        """Make the next calls that carry a code fail.

        Args:
            kind: one of `faults.FAULTS`.
            times: how many calls.
            seconds: how long an answer takes, if the fault is that it is slow.

        Raises:
            SandboxError: there is no such fault.
        """
        self._ask("fault", kind=kind, times=times, seconds=seconds)

    def calls(self) -> list[dict[str, Any]]:
        """Who called what, with which credentials, with MFA or not, allowed or not."""
        calls: list[dict[str, Any]] = self._ask("calls")
        return calls

    def stop(self) -> None:
        """Stop it, if this is who started it."""
        if self._process is not None and self._process.stdin is not None and self._process.stdout is not None:
            with contextlib.suppress(BrokenPipeError):  # it died before it had read its job
                self._process.stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._path.unlink(missing_ok=True)

    def _ask(self, what: str, **parameters: Any) -> Any:
        url = f"{self._info['url']}{ADMIN_PATH}{what}?{urlencode(parameters)}"
        request = urllib.request.Request(url, headers={"x-sandbox-token": self._info["token"]})  # noqa: S310 - ours
        try:
            # No proxy of the person's: it is this machine.
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise SandboxError(_complaint(error)) from None
        except (OSError, http.client.HTTPException, ValueError):
            raise SandboxError("The sandbox does not answer.", "Start one: jupyter tfmfa sandbox start") from None


def _first_line(process: subprocess.Popen[bytes], job: dict[str, Any]) -> int | None:
    """Hand over the job; the port that is served then, or None."""
    if process.stdin is None or process.stdout is None:
        return None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
    word, _, port = process.stdout.readline().partition(b" ")
    return int(port) if word == b"port" else None


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it ended at once")


def _complaint(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, LookupError, TypeError):
        return f"Something other than the sandbox answered: {error}."
