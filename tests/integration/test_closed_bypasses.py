"""Ways past the MFA session that once worked, up to the apply: the sandbox's own log is the judge."""

import json
import shutil
from pathlib import Path

import boto3
import pytest
from device import Device
from witness import calls_without_mfa

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


async def test_an_edit_while_the_prompt_is_open(environment, lenient_sandbox, attack):
    clean, keyed = LOCAL_KEYS % "null" + USES, LOCAL_KEYS % as_object(lenient_sandbox) + USES
    environment.write_configuration(clean)
    assert await attack() == []  # an ordinary run, after which nothing is left to initialize
    (environment.folder / "main.tf").write_text(clean.replace('"1"', '"2"'))
    edits = [keyed.replace('"1"', '"2"'), clean]
    device = Editing(lenient_sandbox, lambda: (environment.folder / "main.tf").write_text(edits.pop(0)))
    assert await attack(device) == []


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


async def test_the_accounts_minimum_is_known_after_the_inspection(environment, lenient_sandbox, gate_of, tmp_path):
    environment.write_configuration(LOCAL_KEYS % as_object(lenient_sandbox) + USES)
    gate = gate_of(lenient_sandbox, Device(lenient_sandbox))
    await plan(Run(environment, Options(), tmp_path).driver, gate)  # at never: nothing is left to initialize
    account = client(lenient_sandbox, "sts").get_caller_identity()["Account"]
    gate.policy = policy(minimums=(Minimum(Level.PLANS_AND_APPLIES, accounts=(account,)),))
    before = len(calls_without_mfa(lenient_sandbox))
    await attempt(plan(Run(environment, Options(), tmp_path).driver, gate))
    assert calls_without_mfa(lenient_sandbox)[before:] == []


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
