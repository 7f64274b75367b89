"""Measures how long it takes from a code to the start of Terraform, with the real provider against the sandbox.

    python benchmarks/code_to_terraform.py [--rounds 9]

- `code given`: from the moment when the prompt has the code until `terraform plan` starts: GetSessionToken, the check
  of each role, the comparison of what was checked, the line of the audit trail, and the supervisor.
- beside it, the calls alone that every tool has to make with boto3: GetSessionToken and one AssumeRole, with clients
  that exist already. A wrapper that does nothing else starts Terraform after them.

A script in Terraform's place notes the time and becomes Terraform.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fixtures"))

import boto3
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
    from collections.abc import Iterator

    from figure import Figure

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


async def ours(sandbox: Sandbox, environ: dict[str, str], home: Path, rounds: int) -> list[float]:
    """The times of some plans, in seconds; the first one, which installs the provider, does not count."""
    environment = Environment.named("timed", home)
    environment.write_configuration(_HCL)
    environment.set_level(Level.PLANS_AND_APPLIES)
    found = []
    for _ in range(rounds + 1):
        device = Timed(sandbox)
        run = Run(environment, Options(), home)
        await plan(run.driver, Gate(device, environ))
        found.append(float((home / "started").read_text()) - device.at)
    return found[1:]


def theirs(sandbox: Sandbox, environ: dict[str, str], rounds: int) -> list[float]:
    """The times of the two calls."""
    key = {name.lower(): environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    where = {"endpoint_url": environ["AWS_ENDPOINT_URL"], "region_name": "eu-west-1"}
    own = boto3.client("sts", **key, **where)
    found = []
    for _ in range(rounds):
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
        found.append(time.perf_counter() - began)
    return found


def measure(rounds: int) -> Iterator[Figure]:
    """The figures."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        sandbox = Sandbox.start(home)
        try:
            program = home / "bin" / "terraform"
            program.parent.mkdir()
            program.write_text(_NOTES.format(file=home / "started", terraform=shutil.which("terraform")))
            program.chmod(0o755)
            keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
            environ = {**keep, **sandbox.environ(), **provider_environ(os.environ, home)}
            environ["TFMFA_TERRAFORM"] = str(program)
            own = asyncio.run(ours(sandbox, environ, home, rounds))
            yield compared(
                "code given to Terraform started", own, "the two STS calls alone", theirs(sandbox, environ, rounds)
            )
        finally:
            sandbox.stop()


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    option(parser)
    options = parser.parse_args()
    show(measure(options.rounds), as_json=options.json)


if __name__ == "__main__":
    main()
