"""With MFA, Terraform finds no other credentials, by the sandbox's log: who called, and with which key."""

import os

import pytest
from device import Device
from witness import calls_without_mfa

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import TerraformFailed
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

# Nobody knows the profile before the apply.
UNKNOWN_PROFILE = """
resource "terraform_data" "profile" {{
  input = {profile}
}}
provider "aws" {{
  profile = terraform_data.profile.output
}}
resource "aws_ssm_parameter" "one" {{
  name  = "/floor/one"
  type  = "String"
  value = "1"
}}
"""
ORDINARY = """
provider "aws" {}
resource "aws_ssm_parameter" "one" {
  name  = "/floor/one"
  type  = "String"
  value = "1"
}
"""


@pytest.fixture
def gate(tmp_path, lenient_sandbox, provider, monkeypatch):
    """The gate of a person whose files in ~/.aws have the same long-term key, as `default` and as `ops`."""
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    found = lenient_sandbox.environ()
    keys = "".join(f"{name.lower()} = {found[name]}\n" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    (home / ".aws" / "credentials").write_text(f"[default]\n{keys}[ops]\n{keys}")
    region = found.pop("AWS_REGION", None) or found.pop("AWS_DEFAULT_REGION")
    (home / ".aws" / "config").write_text(f"[default]\nregion = {region}\n[profile ops]\nregion = {region}\n")
    found.pop("AWS_DEFAULT_REGION", None)
    monkeypatch.setenv("HOME", str(home))
    return Gate(Device(lenient_sandbox), {"PATH": os.environ["PATH"], "HOME": str(home), **found, **provider})


def new_run(tmp_path, hcl):
    environment = Environment.named("floor", tmp_path)
    environment.write_configuration(hcl)
    environment.set_level(Level.PLANS_AND_APPLIES)
    return Run(environment, Options(), tmp_path)


@pytest.mark.thorough
async def test_an_ordinary_configuration_applies_with_the_region_of_the_file(tmp_path, lenient_sandbox, gate):
    run = new_run(tmp_path, ORDINARY)
    await plan(run.driver, gate)
    await apply(run.driver, gate)
    assert run.status == "applied"
    assert calls_without_mfa(lenient_sandbox) == []
    (made,) = [call for call in lenient_sandbox.calls() if call["action"] == "PutParameter"]
    assert made["mfa"]
    assert f"tfmfa_nb/{run.id}" in made["user_agent"].split()  # CloudTrail has it: its events are found by the run


@pytest.mark.thorough
async def test_a_profile_that_nobody_knows_and_that_is_null_is_no_obstacle(tmp_path, lenient_sandbox, gate):
    run = new_run(tmp_path, UNKNOWN_PROFILE.format(profile="null"))
    await plan(run.driver, gate)
    await apply(run.driver, gate)
    assert run.status == "applied"
    assert calls_without_mfa(lenient_sandbox) == []


async def test_a_profile_that_nobody_knows_opens_no_file(tmp_path, lenient_sandbox, gate):
    run = new_run(tmp_path, UNKNOWN_PROFILE.format(profile='"ops"'))
    await plan(run.driver, gate)
    with pytest.raises(TerraformFailed, match="ops"):
        await apply(run.driver, gate)
    assert calls_without_mfa(lenient_sandbox) == []
    assert "PutParameter" not in {call["action"] for call in lenient_sandbox.calls()}


REMOTE_STATE = """
resource "terraform_data" "profile" {
  input = "ops"
}
data "terraform_remote_state" "other" {
  backend = "s3"
  config = {
    bucket         = "states"
    key            = "other"
    region         = "eu-west-1"
    use_path_style = true
    profile        = terraform_data.profile.output
  }
}
"""


async def test_without_the_aws_provider_there_are_no_other_credentials_either(tmp_path, lenient_sandbox, gate):
    s3 = lenient_sandbox.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    run = new_run(tmp_path, REMOTE_STATE)
    await plan(run.driver, gate)
    with pytest.raises(TerraformFailed):
        await apply(run.driver, gate)
    assert calls_without_mfa(lenient_sandbox) == []
