"""Minimum levels hold however the protected thing is written, and also if only `init` reveals it."""

from pathlib import Path

import boto3
import pytest
from device import Device

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import AuthenticationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_minimums import Minimum
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.sandbox.callers import ACCOUNT

STRICT = Level.PLANS_AND_APPLIES
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/admin"
MODULE = """
provider "aws" {{
  assume_role {{
    role_arn = "{}"
  }}
}}
data "aws_caller_identity" "me" {{
}}
"""
BACKEND = """
terraform {
  backend "s3" {
    bucket           = "states"
    region           = "eu-west-1"
    use_path_style   = true
    skip_s3_checksum = true
    %s
  }
}
resource "terraform_data" "one" {
}
"""


@pytest.fixture
def environment(tmp_path):
    return Environment.named("minimums", tmp_path)


@pytest.fixture
def device(lenient_sandbox):
    return Device(lenient_sandbox)


@pytest.fixture
def gate(lenient_sandbox, device, gate_of):
    environ = lenient_sandbox.environ()
    s3 = boto3.client(
        "s3",
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        region_name="eu-west-1",
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
    )
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return gate_of(lenient_sandbox, device)


def protecting(**what):
    layer = Layer(Path("/etc/policy"), mfa=True, endpoints=("http://127.0.0.1:*",), minimums=(Minimum(STRICT, **what),))
    return Policy((layer,))


def calls_of_terraform(sandbox):
    return [(call["action"], call["mfa"]) for call in sandbox.calls() if "tfmfa_nb/run-" in call["user_agent"]]


async def test_a_role_that_only_init_reveals(tmp_path, environment, gate, device, lenient_sandbox):
    module = tmp_path / "modules" / "admin"
    module.mkdir(parents=True)
    (module / "main.tf").write_text(MODULE.format(ADMIN))
    # Installed by `init`, like a module of a registry.
    environment.write_configuration(f'module "m" {{\n  source = "{module}"\n}}\n')
    gate.policy = protecting(roles=(ADMIN,))
    run = Run(environment, Options(), tmp_path)
    with pytest.raises(AuthenticationError, match='requires an MFA code: the level of this run is now "plans and'):
        await plan(run.driver, gate)
    assert (run.lock_indicator, run.status, device.asked) == ("failed", "errored", [])
    assert calls_of_terraform(lenient_sandbox) == []
    again = Run(environment, Options(), tmp_path)
    with pytest.raises(AuthenticationError):  # nobody may assume that role
        await plan(again.driver, gate)
    assert [request.phase for request in device.asked] == ["plan"]


@pytest.mark.parametrize(
    ("key", "workspace", "rule"),
    [
        pytest.param('"${"prod"}/app"', "", {}, marks=pytest.mark.thorough, id="a template"),
        pytest.param('"prod/app"', "", {"accounts": (ACCOUNT,)}, id="one rule about the account too"),
        pytest.param('"../../prod/app"', "dev", {}, marks=pytest.mark.thorough, id="a path that leaves its workspace"),
        pytest.param('"app"\nworkspace_key_prefix = "${"prod"}"', "dev", {}, id="a prefix that is a template"),
    ],
)
async def test_a_key_of_the_state(environment, gate, key, workspace, rule):
    environment.write_configuration(BACKEND % f"key = {key}")
    gate.policy = protecting(backend_keys=("prod/*",), **rule)
    run = Run(environment, Options(workspace=workspace, or_create=bool(workspace)), environment.folder)
    await plan(run.driver, gate)
    assert [request.phase for request in gate.prompt.asked] == ["plan"]
    assert (run.level, run.status) == ("plans and applies", "planned")
    assert {mfa for _, mfa in calls_of_terraform(gate.prompt.sandbox)} == {True}
