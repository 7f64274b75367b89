"""OpenTofu in Terraform's place: a real one where it is installed, and otherwise Terraform under its name.

What is tested is what this package does because of the name and the version; Terraform itself is the same.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from device import Device
from witness import calls_without_mfa

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runbooks.demo import demonstrate
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.provider_mirror import provider_environ

REAL = shutil.which("tofu")
BASE = f"{Path(sys.executable).parent}:/usr/bin:/bin"
FAKE = f"""#!/bin/sh
case $1 in
  version) echo OpenTofu v1.9.0 ;;
  *) exec {shutil.which("terraform")} "$@" ;;
esac
"""
HCL = """
terraform {
  required_providers {
    aws = {
      source = "registry.opentofu.org/hashicorp/aws"
    }
  }
}
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/deploy"
  }
}
resource "aws_ssm_parameter" "one" {
  name  = "/one"
  type  = "String"
  value = "1"
}
"""
STATE = """
terraform {
  backend "s3" {
    bucket           = "states"
    key              = "k"
    use_path_style   = true
    skip_s3_checksum = true
    assume_role = {
      role_arn = "arn:aws:iam::123456789012:role/deploy"
    }
  }
}
resource "terraform_data" "one" {
}
"""


@pytest.fixture
def path(tmp_path):
    """A PATH with a `tofu` and without a `terraform`."""
    folder = tmp_path / "programs"
    folder.mkdir()
    if REAL:
        (folder / "tofu").symlink_to(REAL)
    else:
        (folder / "tofu").write_text(FAKE)
        (folder / "tofu").chmod(0o755)
    path = f"{folder}:{BASE}"
    assert shutil.which("terraform", path=path) is None
    return path


async def test_a_run_under_mfa_needs_no_terraform(tmp_path, sandbox, path):
    """With a state in S3, which only a role may write to."""
    environ = {"PATH": path, "HOME": os.environ["HOME"], **sandbox.environ()}
    bucket = {"Bucket": "states", "CreateBucketConfiguration": {"LocationConstraint": environ["AWS_REGION"]}}
    sandbox.client("s3").create_bucket(**bucket)
    environment = Environment.named("live", tmp_path)
    environment.write_configuration(STATE)
    environment.set_level(Level.PLANS_AND_APPLIES)
    device, before = Device(sandbox), len(sandbox.calls())
    run, gate = Run(environment, Options(), tmp_path), Gate(device, environ)
    await plan(run.driver, gate)
    await apply(run.driver, gate)
    assert run.product.startswith("tofu ")
    assert (run.status, len(device.asked)) == ("applied", 2)
    made = [call for call in sandbox.calls()[before:] if run.id in call["user_agent"]]
    assert {call["service"] for call in made} >= {"s3", "sts"}
    assert all(call["mfa"] for call in made)
    assert calls_without_mfa(sandbox) == []


@pytest.mark.thorough
async def test_a_run_under_mfa_with_the_provider_of_opentofu_s_registry(tmp_path, sandbox, path):
    """The mirror on this machine has one of the two names; OpenTofu finds its own."""
    cli = tmp_path / "cli"
    cli.mkdir()
    environ = {"PATH": path, "HOME": os.environ["HOME"], **sandbox.environ(), **provider_environ(os.environ, cli)}
    assert find_executable(environ).product == "tofu"
    environment = Environment.named("live", tmp_path)
    environment.write_configuration(HCL)
    environment.set_level(Level.PLANS_AND_APPLIES)
    device = Device(sandbox)
    run = Run(environment, Options(), tmp_path)
    gate = Gate(device, environ)
    await plan(run.driver, gate)
    assert run.product.startswith("tofu ")
    await apply(run.driver, gate)
    assert (run.status, len(device.asked)) == ("applied", 2)
    created = [call for call in sandbox.calls() if call["action"] == "PutParameter"]
    assert created
    assert all(call["mfa"] for call in created)
    lock = (environment.folder / ".terraform.lock.hcl").read_text()
    assert 'provider "registry.opentofu.org/hashicorp/aws"' in lock


@pytest.mark.thorough
def test_the_demo_works_with_only_tofu_on_path(tmp_path, path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", path)
    demonstrate(Path(__file__).parents[2] / "notebooks" / "plan-and-apply.ipynb", tmp_path / "demo")
    assert "The sandbox exchanged 2 MFA codes for sessions" in capsys.readouterr().out
    (record,) = (tmp_path / "demo").glob("demo/.tfmfa/runs/*/run.json")
    assert json.loads(record.read_text())["product"].startswith("tofu ")
