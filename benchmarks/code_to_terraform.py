"""Measures how long it takes from a code to the start of Terraform, with the real provider against the sandbox.

    python benchmarks/code_to_terraform.py [--rounds 9]

- `code given`: from the moment when the prompt has the code until `terraform plan` starts: GetSessionToken, the check
  of each role, the comparison of what was checked, the line of the audit trail, and the supervisor.
- beside it, `aws-mfa` and `awsume`: from the moment when their prompt in a terminal has the code until the
  `terraform plan` that follows them starts. Both call GetSessionToken, and check no role. They are installed into
  `build/benchmarks/`, and find the sandbox by `AWS_ENDPOINT_URL`, as every boto3 does.
- beside it, the calls alone that every tool has to make with boto3: GetSessionToken and one AssumeRole, with clients
  that exist already.

A script in Terraform's place notes the time and becomes Terraform. The programs take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fixtures"))

import boto3
import pexpect
from device import Device
from figure import compared, option, show

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.sandbox.handle import Sandbox
from tfmfa_nb.terraform.provider_mirror import provider_environ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from figure import Figure

_INSTALLED = Path(__file__).parents[1] / "build" / "benchmarks"
_WHAT = "code given to Terraform started"
_ROLE = "arn:aws:iam::123456789012:role/deploy"
_HCL = f"""
provider "aws" {{
  region = "eu-west-1"
  assume_role {{
    role_arn = "{_ROLE}"
  }}
}}
resource "aws_ssm_parameter" "one" {{
  name  = "/benchmark/one"
  type  = "String"
  value = "1"
}}
"""
_NOTES = """#!/bin/sh
[ "$1" = plan ] && date +%s.%N >"{file}"
exec {terraform} "$@"
"""


class Timed(Device):
    """The sandbox's device, which notes when it has given a code."""

    at = 0.0

    async def ask(self, request: object) -> object:
        """The next code."""
        code = await super().ask(request)
        self.at = time.time()
        return code


@dataclass(frozen=True)
class Peer:
    """A program that asks for a code, and after which somebody starts Terraform.

    Attributes:
        name: its package's.
        version: its package's.
        line: what is typed into bash, with the folder of its commands as {bin}.
        prompt: a pattern of its prompt.
    """

    name: str
    version: str
    line: str
    prompt: str

    def installed(self) -> Path:
        """The folder of its commands, in a virtual environment of its own."""
        folder = _INSTALLED / f"{self.name}-{self.version}"
        commands = folder / "bin"
        if not (commands / self.name).exists():
            venv.create(folder, clear=True, with_pip=True)
            package = f"{self.name}=={self.version}"
            subprocess.run([commands / "python", "-m", "pip", "install", "--quiet", package], check=True, stdout=2)
        return commands

    def start(self, folder: Path, environ: Mapping[str, str], sandbox: Sandbox) -> float:
        """Let it ask, answer, and start Terraform; the time at which it got the code."""
        line = f"{self.line.format(bin=self.installed())} && exec terraform plan -input=false"
        shell = pexpect.spawn("bash", ["-c", line], cwd=folder, env={**environ}, encoding="utf-8", timeout=120)
        shell.delaybeforesend = None
        shell.expect(self.prompt)
        sandbox.advance(30)
        code = sandbox.code(wait=False)
        given = time.time()
        shell.sendline(code)
        shell.expect(pexpect.EOF)
        shell.close()
        if shell.exitstatus:
            raise SystemExit(f"{self.name}, or the plan after it, failed:\n{shell.before}")
        return given


_PEERS = (
    Peer(
        "aws-mfa",
        "0.0.12",
        "{bin}/aws-mfa --profile session --force && export AWS_PROFILE=session",
        "MFA code for device",
    ),
    Peer("awsume", "4.5.4", "export PATH={bin}:$PATH && . {bin}/awsume alice --refresh", "MFA token: "),
)


class Ours:
    """Plans behind the gate.

    Args:
        sandbox: the AWS.
        environ: for the gate and for Terraform.
        home: where the environment lies.
    """

    def __init__(self, sandbox: Sandbox, environ: dict[str, str], home: Path) -> None:
        self._environment = Environment.named("timed", home)
        self._environment.write_configuration(_HCL)
        self._environment.set_level(Level.PLANS_AND_APPLIES)
        self._sandbox, self._environ, self._home = sandbox, environ, home

    def start(self) -> float:
        """Plan; the time at which the code was given."""
        device = Timed(self._sandbox)
        run = Run(self._environment, Options(), self._home)
        asyncio.run(plan(run.driver, Gate(device, self._environ)))
        return device.at


def two_calls(sandbox: Sandbox, environ: dict[str, str]) -> float:
    """The time of the two calls."""
    key = {name.lower(): environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    where = {"endpoint_url": environ["AWS_ENDPOINT_URL"], "region_name": "eu-west-1"}
    own = boto3.client("sts", **key, **where)
    sandbox.advance(30)
    code = sandbox.code(wait=False)
    began = time.perf_counter()
    session = own.get_session_token(SerialNumber=environ["AWS_MFA_SERIAL_NUMBER"], TokenCode=code)["Credentials"]
    boto3.client(
        "sts",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
        **where,
    ).assume_role(RoleArn=_ROLE, RoleSessionName="benchmark")
    return time.perf_counter() - began


def person(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """The environment of somebody with the key in ~/.aws, and in no variable."""
    place = home / "person"
    (place / ".aws").mkdir(parents=True)
    key = "".join(f"{name.lower()} = {environ[name]}\n" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    serial = environ["AWS_MFA_SERIAL_NUMBER"]
    (place / ".aws" / "credentials").write_text(
        f"[session-long-term]\n{key}aws_mfa_device = {serial}\n[alice]\n{key}mfa_serial = {serial}\n"
    )
    (place / ".aws" / "config").write_text("[profile alice]\nregion = eu-west-1\n")
    hidden = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MFA_SERIAL_NUMBER")
    return {**{name: text for name, text in environ.items() if name not in hidden}, "HOME": str(place)}


def measure(rounds: int) -> Iterator[Figure]:
    """The figures."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        sandbox = Sandbox.start(home)
        try:
            yield from measured(sandbox, home, rounds)
        finally:
            sandbox.stop()


def measured(sandbox: Sandbox, home: Path, rounds: int) -> Iterator[Figure]:
    """The figures, with a sandbox."""
    note, program = home / "started", home / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(_NOTES.format(file=note, terraform=shutil.which("terraform")))
    program.chmod(0o755)
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ = {**keep, **sandbox.environ(), **provider_environ(os.environ, home)}
    environ["PATH"] = f"{program.parent}:{environ['PATH']}"
    theirs = person(environ, home)
    bare = home / "bare"
    bare.mkdir()
    (bare / "main.tf").write_text(_HCL)
    subprocess.run([program, "init", "-input=false"], cwd=bare, env=theirs, check=True, stdout=subprocess.DEVNULL)
    own = Ours(sandbox, {**environ, "TFMFA_TERRAFORM": str(program)}, home)
    ways = {"": own.start, **{peer.name: partial(peer.start, bare, theirs, sandbox) for peer in _PEERS}}
    times: dict[str, list[float]] = {name: [] for name in ways}
    calls = []
    for _ in range(rounds + 1):
        for name, start in ways.items():
            given = start()
            times[name].append(float(note.read_text()) - given)
        calls.append(two_calls(sandbox, environ))
    # The first of each installs the provider, or writes what a program keeps.
    for peer in _PEERS:
        yield compared(_WHAT, times[""][1:], f"{peer.name} {peer.version}", times[peer.name][1:])
    yield compared(_WHAT, times[""][1:], "the two STS calls alone", calls[1:])


def main() -> None:
    """Measure, and print one line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    option(parser)
    options = parser.parse_args()
    show(measure(options.rounds), as_json=options.json)


if __name__ == "__main__":
    main()
