"""Ways past the MFA session that once worked, up to the apply: the sandbox's own log is the judge."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import boto3
import pytest
from device import Device
from variants import first_of
from witness import calls_without_mfa, unproven

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import AuthenticationError, TfmfaError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_minimums import Minimum
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

USES = """
data "aws_ssm_parameters_by_path" "all" {
  path = "/"
}
resource "aws_ssm_parameter" "one" {
  name  = "/attack/one"
  type  = "String"
  value = "1"
}
"""
LOCAL_KEYS = """
locals {
  keys = %s
}
provider "aws" {
  access_key = try(local.keys.a, null)
  secret_key = try(local.keys.s, null)
}
"""
BACKEND = """
terraform {
  backend "s3" {
    bucket           = "states"
    key              = "prod"
    region           = "eu-west-1"
    use_path_style   = true
    skip_s3_checksum = true
%s
  }
}
resource "terraform_data" "one" {
  input = 1
}
"""
# Terraform's heredoc ends at a marker behind a no-break space; tree-sitter's does not.
HIDDEN_LOCALS = """
locals {
  t = <<EOT
\u00a0EOT
  keys = %s
  u = <<X
EOT
  keys = null
  y = <<X
X
}
"""
# The exponent makes the reader replace "E5", also in the markers: its heredoc ends at A100, Terraform's at A1E5.
BEFORE, BEHIND = (
    "locals {\n  n = 1e5\n  t = <<A1E5\nA100\n  u = <<B\nA1E5\n}\n",
    "locals {\n  v = <<C\nB\n  w = <<C\nC\n}\n",
)


class Editing(Device):
    """Somebody saves a file while the prompt is open."""

    def __init__(self, sandbox, edit):
        super().__init__(sandbox)
        self.edit = edit

    async def ask(self, request):
        self.edit()
        return await super().ask(request)


def keys_of(sandbox):
    found = sandbox.environ()
    return found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]


def as_object(sandbox):
    return '{{ a = "{}", s = "{}" }}'.format(*keys_of(sandbox))


def as_block(sandbox):
    return 'provider "aws" {{\n  access_key = "{}"\n  secret_key = "{}"\n}}\n'.format(*keys_of(sandbox))


def client(sandbox, service):
    url = sandbox.environ()["AWS_ENDPOINT_URL"]
    key, secret = keys_of(sandbox)
    return boto3.client(
        service, endpoint_url=url, region_name="eu-west-1", aws_access_key_id=key, aws_secret_access_key=secret
    )


async def attempt(command):
    try:
        await command
    except TfmfaError as error:
        return error
    return None


@pytest.fixture
def environment(tmp_path):
    return Environment.named("attack", tmp_path)


@pytest.fixture
def attack(environment, lenient_sandbox, gate_of, tmp_path):
    """Plans and applies; returns the calls without MFA that were seen."""

    async def both(device=None, level=Level.PLANS_AND_APPLIES):
        environment.set_level(level)
        gate = gate_of(lenient_sandbox, device or Device(lenient_sandbox))
        before = len(calls_without_mfa(lenient_sandbox))
        run = Run(environment, Options(), tmp_path)
        if await attempt(plan(run.driver, gate)) is None:
            await attempt(apply(run.driver, gate))
        return calls_without_mfa(lenient_sandbox)[before:]

    return both


async def test_the_folders_name_decides(environment, lenient_sandbox, attack):
    chosen = f"lookup({{ attack = {as_object(lenient_sandbox)} }}, basename(abspath(path.root)), null)"
    environment.write_configuration(LOCAL_KEYS % chosen + USES)
    assert await attack() == []


async def test_a_file_in_the_folder_above_decides(environment, lenient_sandbox, attack):
    above = 'try(jsondecode(file(join("/", [path.module, "..", "common.json"]))), null)'
    environment.write_configuration(LOCAL_KEYS % above + USES)
    key, secret = keys_of(lenient_sandbox)
    (environment.folder.parent / "common.json").write_text(json.dumps({"a": key, "s": secret}))
    assert await attack() == []


async def test_the_readers_own_variable_has_a_value(environment, lenient_sandbox, attack):
    environment.write_configuration(
        f'resource "terraform_data" "k" {{\n  input = {as_object(lenient_sandbox)}\n}}\n'
        'provider "aws" {\n  access_key = terraform_data.k.output.a\n  secret_key = terraform_data.k.output.s\n}\n'
        + USES
    )
    (environment.folder / "terraform.tfvars").write_text(
        "tfmfa_unknown = { k = { output = { a = null, s = null } } }\n"
    )
    assert await attack() == []


async def test_locals_that_only_terraform_sees(environment, lenient_sandbox, attack):
    provider = LOCAL_KEYS[LOCAL_KEYS.index("provider") :]
    environment.write_configuration(HIDDEN_LOCALS % as_object(lenient_sandbox) + provider + USES)
    assert await attack() == []


async def test_a_provider_that_only_terraform_sees(environment, lenient_sandbox, attack):
    environment.write_configuration(BEFORE + as_block(lenient_sandbox) + BEHIND + USES)
    assert await attack() == []


async def test_a_module_whose_name_has_combining_marks(environment, lenient_sandbox, attack):
    environment.write_configuration('module "हिन्दी" {\n  source = "./m"\n}\n')
    (environment.folder / "m").mkdir()
    (environment.folder / "m" / "main.tf").write_text(as_block(lenient_sandbox) + USES)
    assert await attack() == []


@pytest.mark.thorough
async def test_an_edit_while_the_prompt_is_open(environment, lenient_sandbox, attack):
    clean, keyed = LOCAL_KEYS % "null" + USES, LOCAL_KEYS % as_object(lenient_sandbox) + USES
    environment.write_configuration(clean)
    assert await attack() == []  # an ordinary run, after which nothing is left to initialize
    (environment.folder / "main.tf").write_text(clean.replace('"1"', '"2"'))
    edits = [keyed.replace('"1"', '"2"'), clean]
    device = Editing(lenient_sandbox, lambda: (environment.folder / "main.tf").write_text(edits.pop(0)))
    assert await attack(device) == []


@pytest.mark.thorough
async def test_locals_are_emptied_between_a_plan_at_never_and_its_apply(
    environment, lenient_sandbox, gate_of, tmp_path
):
    environment.write_configuration(LOCAL_KEYS % as_object(lenient_sandbox) + USES)
    run, gate = Run(environment, Options(), tmp_path), gate_of(lenient_sandbox, Device(lenient_sandbox))
    await plan(run.driver, gate)
    environment.write_configuration(LOCAL_KEYS % "null" + USES)
    environment.set_level(Level.APPLIES_ONLY)
    before = len(calls_without_mfa(lenient_sandbox))
    await attempt(apply(run.driver, gate))
    assert calls_without_mfa(lenient_sandbox)[before:] == []


async def test_the_backend_in_a_plan_made_at_never(environment, lenient_sandbox, gate_of, tmp_path):
    places = {"LocationConstraint": "eu-west-1"}
    client(lenient_sandbox, "s3").create_bucket(Bucket="states", CreateBucketConfiguration=places)
    key, secret = keys_of(lenient_sandbox)
    environment.write_configuration(BACKEND % f'    access_key = "{key}"\n    secret_key = "{secret}"')
    run, gate = Run(environment, Options(), tmp_path), gate_of(lenient_sandbox, Device(lenient_sandbox))
    await plan(run.driver, gate)
    environment.write_configuration(BACKEND % "")
    shutil.rmtree(environment.folder / ".terraform")
    environment.set_level(Level.APPLIES_ONLY)
    before = len(calls_without_mfa(lenient_sandbox))
    await attempt(apply(run.driver, gate))
    assert calls_without_mfa(lenient_sandbox)[before:] == []


def policy(**more):
    return Policy((Layer(Path("/etc/policy"), mfa=True, endpoints=("http://127.0.0.1:*",), **more),))


@pytest.mark.thorough
async def test_the_accounts_minimum_is_known_after_the_inspection(environment, lenient_sandbox, gate_of, tmp_path):
    environment.write_configuration(LOCAL_KEYS % as_object(lenient_sandbox) + USES)
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
    await plan(Run(environment, Options(), tmp_path).driver, gate)  # at never: nothing is left to initialize
    account = client(lenient_sandbox, "sts").get_caller_identity()["Account"]
    gate.policy = policy(minimums=(Minimum(Level.PLANS_AND_APPLIES, accounts=(account,)),))
    before = len(calls_without_mfa(lenient_sandbox))
    await attempt(plan(Run(environment, Options(), tmp_path).driver, gate))
    assert calls_without_mfa(lenient_sandbox)[before:] == []


@pytest.mark.thorough
async def test_a_minimum_for_a_role_that_is_sensitive(environment, lenient_sandbox, gate_of, tmp_path):
    account = client(lenient_sandbox, "sts").get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    client(lenient_sandbox, "iam").create_role(RoleName="admin", AssumeRolePolicyDocument=document)
    environment.write_configuration(
        f'variable "account" {{\n  default   = "{account}"\n  sensitive = true\n}}\n'
        'provider "aws" {\n  assume_role {\n'
        '    role_arn = "arn:aws:iam::${var.account}:role/admin"\n  }\n}\ndata "aws_caller_identity" "me" {}\n'
    )
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
    gate.policy = policy(minimums=(Minimum(Level.PLANS_AND_APPLIES, roles=("arn:aws:iam::*:role/admin",)),))
    before = len(calls_without_mfa(lenient_sandbox))
    await attempt(plan(Run(environment, Options(), tmp_path).driver, gate))
    assert "AssumeRole" not in calls_without_mfa(lenient_sandbox)[before:]


async def test_the_account_of_a_key_in_the_configuration_at_never(environment, lenient_sandbox, gate_of, tmp_path):
    """A key that the configuration brings may be of any account; nobody asks which, and [allow] accounts holds."""
    made = client(lenient_sandbox, "iam").create_access_key(UserName="alice")["AccessKey"]
    environment.write_configuration(
        f'provider "aws" {{\n  access_key = "{made["AccessKeyId"]}"\n  secret_key = "{made["SecretAccessKey"]}"\n}}\n'
        'data "aws_ssm_parameters_by_path" "all" {\n  path = "/"\n}\n'
    )
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
    account = client(lenient_sandbox, "sts").get_caller_identity()["Account"]
    gate.policy = policy(accounts=frozenset({account}))
    with pytest.raises(AuthenticationError):
        await plan(Run(environment, Options(), tmp_path).driver, gate)
    assert not [call for call in lenient_sandbox.calls() if call["access_key_id"] == made["AccessKeyId"]]


# Runs Terraform, and swaps a file for as long as it plans.
SWAPS = """#!/bin/sh
test "$1" = plan || exec terraform "$@"
test ! -e {file} || mv {file} {file}.checked
cp {swapped} {file}
terraform "$@"
code=$?
{then}
exit $code
"""
BACK = "rm {file}; test ! -e {file}.checked || mv {file}.checked {file}"
KEPT = ".terraform/terraform.tfstate"
FAILS = """
output "names" {
  value = 1
  precondition {
    condition     = length(data.aws_ssm_parameters_by_path.all.names) > 9
    error_message = "There are too few."
  }
}
"""


def fails_with_keys(environment, sandbox):
    """A local that is null, but not while a plan runs that fails, of which nothing is saved."""
    environment.write_configuration((LOCAL_KEYS % "null").partition("provider")[0])
    provider = (LOCAL_KEYS % "null").partition("provider")
    (environment.folder / "aws.tf").write_text("".join(provider[1:]) + USES + FAILS)
    return "main.tf", f"locals {{\n  keys = {as_object(sandbox)}\n}}\n", BACK


def keeps_another_backend(environment, sandbox):
    """What `init` has kept of the backend, where Terraform finds its configuration."""
    places = {"LocationConstraint": "eu-west-1"}
    client(sandbox, "s3").create_bucket(Bucket="states", CreateBucketConfiguration=places)
    environment.write_configuration(BACKEND % "")
    subprocess.run(["terraform", "init"], cwd=environment.folder, env={**os.environ, **sandbox.environ()}, check=True)
    kept = json.loads((environment.folder / KEPT).read_text())
    kept["backend"]["config"] |= dict(zip(("access_key", "secret_key"), keys_of(sandbox), strict=True))
    return KEPT, json.dumps(kept), BACK


def has_another_variable(environment, sandbox):
    """A file of variables that comes while Terraform plans, and stays."""
    environment.write_configuration(
        'variable "keys" {\n  default = null\n}\n' + LOCAL_KEYS.replace("local.", "var.").partition("}\n")[2] + USES
    )
    return "z.auto.tfvars", f"keys = {as_object(sandbox)}\n", ""


@pytest.mark.parametrize("prepare", first_of([keeps_another_backend, fails_with_keys, has_another_variable]))
async def test_a_file_that_is_another_one_while_terraform_plans(
    environment, lenient_sandbox, gate_of, tmp_path, prepare
):
    """Whatever AWS saw then, nobody says that it saw MFA."""
    file, swapped, then = prepare(environment, lenient_sandbox)
    (tmp_path / "swapped").write_text(swapped)
    program = tmp_path / "program"
    program.write_text(SWAPS.format(file=file, swapped=tmp_path / "swapped", then=then.format(file=file)))
    program.chmod(0o700)
    environment.set_level(Level.PLANS_AND_APPLIES)
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
    gate.environ["TFMFA_TERRAFORM"] = str(program)
    before = len(calls_without_mfa(lenient_sandbox))
    run = Run(environment, Options(), tmp_path)
    error = await attempt(plan(run.driver, gate))
    assert calls_without_mfa(lenient_sandbox)[before:]  # the file was swapped
    assert (run.authenticated_by, run.lock_indicator) == ("", "failed")
    assert f"{file} changed while Terraform ran" in str(error) + run.lock_indicator_text
    assert not [*unproven(lenient_sandbox.calls(), tmp_path)]
    assert [line["result"] for line in run.driver.store.trail.lines() if line["event"] == "mfa"][-1] == "bypassed"


async def test_overrides_of_which_only_terraform_knows(environment, lenient_sandbox, gate_of, tmp_path):
    """Terraform says itself that it ran a provider that no lock file covers, however it came to do so."""
    (tmp_path / "own.rc").write_text(
        f'provider_installation {{\n  dev_overrides {{\n    "a/b" = "{tmp_path}"\n  }}\n}}\n'
    )
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\nexport TF_CLI_CONFIG_FILE={tmp_path}/own.rc\nexec terraform "$@"\n')
    program.chmod(0o700)
    environment.write_configuration('output "one" {\n  value = 1\n}\n')
    environment.set_level(Level.PLANS_AND_APPLIES)
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
    gate.environ["TFMFA_TERRAFORM"] = str(program)
    run = Run(environment, Options(), tmp_path)
    assert "provider development overrides" in str(await attempt(plan(run.driver, gate)))
    assert (run.authenticated_by, run.lock_indicator) == ("", "failed")
