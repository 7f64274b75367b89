"""The line about an authentication leads to AWS's own record of it, here the sandbox's log."""

import hashlib
import json
import os
import pwd
import re
import shutil
import socket
from pathlib import Path

import pytest
from device import Device
from variants import first_of

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import AccountNotAllowed, AuthenticationError, ConfigurationError, MfaBypass
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_minimums import Minimum
from tfmfa_nb.organization.variable_values import VariableValues
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

CLOUDTRAIL = Path(__file__).parents[2] / "docs" / "explanation" / "cloudtrail.md"
# No provider is needed to see who asks for which role.
ROLE = """
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/deploy"
  }
}
resource "aws_ssm_parameter" "one" {
  name  = "/evidence/one"
  type  = "String"
  value = "1"
}
"""
PLAIN = 'resource "terraform_data" "one" {}\n'


def new_run(tmp_path, hcl, level=Level.PLANS_AND_APPLIES):
    environment = Environment.named("evidence", tmp_path)
    environment.write_configuration(hcl)
    environment.set_level(level)
    return Run(environment, Options(), tmp_path)


def policy_of(sandbox=None, **says):
    endpoints = (sandbox.environ()["AWS_ENDPOINT_URL"],) if sandbox else None
    return Policy((Layer(Path("/etc/policy.toml"), mfa=True, endpoints=endpoints, sha256="5" * 64, **says),))


def terraform():
    """The program on PATH, and its hash."""
    program = Path(shutil.which("terraform")).resolve()
    return str(program), hashlib.sha256(program.read_bytes()).hexdigest()


async def test_every_fact_of_the_line_is_in_the_sandboxs_log(tmp_path, sandbox, gate_of):
    run, gate = new_run(tmp_path, ROLE), gate_of(sandbox, Device(sandbox))
    gate.policy = policy_of(sandbox)
    await plan(run.driver, gate)
    lines = run.driver.store.trail.lines()
    (line,) = [line for line in lines if line["event"] == "mfa"]
    calls = {call["request_id"]: call for call in sandbox.calls()}
    assert calls[line["request_id"]]["action"] == "GetSessionToken"
    (role_request,) = line["role_request_ids"]
    assert calls[role_request]["action"] == "AssumeRole"
    assert calls[role_request]["mfa"]
    assert calls[role_request]["access_key_id"] == line["access_key_id"]
    assert line["endpoint"] == sandbox.environ()["AWS_ENDPOINT_URL"]
    assert (line["prompt"], line["host"]) == ("command", socket.gethostname())
    assert line["os_user"] == pwd.getpwuid(os.getuid()).pw_name
    assert (line["program"]["path"], line["program"]["sha256"]) == terraform()
    assert line["policy_files"] == {"/etc/policy.toml": "5" * 64}
    assert line["workspace"] == "default"
    assert {each["policy"] for each in lines} == {gate.policy.digest}
    table = CLOUDTRAIL.read_text(encoding="utf-8").partition("\n\n1. ")[0]
    rows = re.findall(r"^\| (`[^|]*)", table, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {"request_id", "access_key_id", "role_request_ids"} <= documented <= line.keys()
    secret = sandbox.environ()["AWS_SECRET_ACCESS_KEY"]
    assert secret not in json.dumps(lines)
    record = run.driver.store.load()
    assert (record.program, record.policy) == (
        {"path": line["program"]["path"], "sha256": line["program"]["sha256"]},
        line["policy_files"],
    )
    assert record.identity["endpoint"] == line["endpoint"]


async def test_a_strangers_endpoint_gets_neither_a_code_nor_a_signature(tmp_path, sandbox, gate_of):
    device = Device(sandbox)
    run, gate = new_run(tmp_path, PLAIN), gate_of(sandbox, device)
    gate.policy = policy_of()
    before = len(sandbox.calls())
    with pytest.raises(AuthenticationError, match=r"http://127\.0\.0\.1:\d+, which is not AWS's own"):
        await plan(run.driver, gate)
    assert device.asked == []
    assert len(sandbox.calls()) == before
    assert run.lock_indicator == "failed"


async def test_a_program_that_the_policy_does_not_name_gets_nothing(tmp_path, sandbox, gate_of):
    device = Device(sandbox)
    run, gate = new_run(tmp_path, PLAIN), gate_of(sandbox, device)
    gate.policy = policy_of(sandbox, programs=("/opt/terraform",))
    with pytest.raises(ConfigurationError, match="may not run as Terraform"):
        await plan(run.driver, gate)
    assert device.asked == []


class Replacing(Device):
    """Somebody puts another program in Terraform's place while the prompt is open."""

    def __init__(self, sandbox, replace):
        super().__init__(sandbox)
        self.replace = replace

    async def ask(self, request):
        self.replace()
        return await super().ask(request)


@pytest.mark.parametrize("how", first_of(["the link leads elsewhere", "the file has another content"]))
async def test_a_program_that_is_replaced_while_the_prompt_is_open_gets_nothing(tmp_path, sandbox, gate_of, how):
    program, link = tmp_path / "opt" / "terraform", tmp_path / "bin" / "terraform"
    other, ran = tmp_path / "other", tmp_path / "ran"
    for path in (program, link):
        path.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {terraform()[0]} "$@"\n')
    other.write_text(f'#!/bin/sh\n[ "$1" = version ] || touch {ran}\nexec {terraform()[0]} "$@"\n')
    for path in (program, other):
        path.chmod(0o755)
    link.symlink_to(program)

    def replace():
        if how.startswith("the link"):
            link.unlink()
            link.symlink_to(other)
        else:
            times = program.stat().st_atime_ns, program.stat().st_mtime_ns
            program.write_text(other.read_text())
            os.utime(program, ns=times)

    run, gate = new_run(tmp_path, PLAIN), gate_of(sandbox, Replacing(sandbox, replace))
    gate.environ = {**gate.environ, "PATH": f"{link.parent}:{gate.environ['PATH']}"}
    gate.policy = policy_of(sandbox, programs=(str(program),))
    with pytest.raises(MfaBypass, match="has changed since the run started"):
        await plan(run.driver, gate)
    assert run.lock_indicator == "failed"
    assert not ran.exists()
    assert "GetSessionToken" not in [call["action"] for call in sandbox.calls()]


async def test_an_account_is_held_against_the_policy_where_no_code_is_asked_for(tmp_path, lenient_sandbox, gate_of):
    run, gate = new_run(tmp_path, PLAIN, Level.NEVER), gate_of(lenient_sandbox, Device(lenient_sandbox))
    gate.policy = policy_of(lenient_sandbox, accounts=frozenset({"111122223333"}))
    with pytest.raises(AccountNotAllowed, match="123456789012"):
        await plan(run.driver, gate)
    gate.policy = policy_of(lenient_sandbox, accounts=frozenset({"123456789012"}))
    run = new_run(tmp_path, PLAIN, Level.NEVER)
    await plan(run.driver, gate)
    assert run.status == "planned"


async def test_the_account_of_the_key_and_of_a_role_raise_the_level(tmp_path, lenient_sandbox, gate_of):
    device = Device(lenient_sandbox)
    run, gate = new_run(tmp_path, PLAIN, Level.NEVER), gate_of(lenient_sandbox, device)
    gate.policy = policy_of(lenient_sandbox, minimums=(Minimum(Level.PLANS_AND_APPLIES, accounts=("123456789012",)),))
    await plan(run.driver, gate)
    assert [request.phase for request in device.asked] == ["plan"]
    assert run.level == "plans and applies"
    assert any("Required by organization policy /etc/policy.toml" in note for note in run.notes)


async def test_credentials_of_the_configuration_may_be_of_any_account(tmp_path, lenient_sandbox, gate_of):
    device, environ = Device(lenient_sandbox), lenient_sandbox.environ()
    key, secret = environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"]
    hcl = f'provider "aws" {{\n  access_key = "{key}"\n  secret_key = "{secret}"\n}}\n'
    run, gate = new_run(tmp_path, hcl, Level.NEVER), gate_of(lenient_sandbox, device)
    minimum = Minimum(Level.PLANS_AND_APPLIES, accounts=("999999999999",))
    gate.policy = policy_of(lenient_sandbox, minimums=(minimum,))
    with pytest.raises(MfaBypass, match="access key"):
        await plan(run.driver, gate)
    assert run.level == "plans and applies"


async def test_the_key_that_terraform_is_given_is_the_one_whose_account_counts(
    tmp_path, lenient_sandbox, gate_of, kernel
):
    """A key typed for this kernel goes before what the process environment has."""
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MFA_SERIAL_NUMBER")
    key, secret, serial = (gate.environ[name] for name in names)
    kernel.store(VariableValues(key, Secret(secret), serial))
    gate.environ = {**gate.environ, "AWS_ACCESS_KEY_ID": "AKIAOTHER00000000000", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    gate.policy = policy_of(lenient_sandbox, accounts=frozenset({"111122223333"}))
    with pytest.raises(AccountNotAllowed, match="123456789012"):
        await plan(new_run(tmp_path, PLAIN, Level.NEVER).driver, gate)


async def test_no_strange_endpoint_gets_a_signature_where_no_code_is_asked_for(tmp_path, lenient_sandbox, gate_of):
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
    gate.policy = policy_of(accounts=frozenset({"123456789012"}))
    before = len(lenient_sandbox.calls())
    with pytest.raises(AuthenticationError, match="is not AWS's own"):
        await plan(new_run(tmp_path, PLAIN, Level.NEVER).driver, gate)
    assert len(lenient_sandbox.calls()) == before
