"""Ways past the MFA session that were tried: each is refused before a code, and the sandbox saw no call without MFA."""

import json

import pytest
from device import Device
from witness import calls_without_mfa

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import MfaBypass
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

KEYS = '  access_key = "KEY"\n  secret_key = "SECRET"\n'
RESOURCE = 'resource "aws_ssm_parameter" "one" {\n  name = "/bypass"\n  type = "String"\n  value = "1"\n}\n'
OWN = f'provider "aws" {{\n{KEYS}}}\n{RESOURCE}'
DEEP = {
    "main.tf": 'module "m" {\n  source = "./m"\n}\n',
    **{f"{'m/' * depth}main.tf": 'module "m" {\n  source = "./m"\n}\n' for depth in range(1, 23)},
    f"{'m/' * 23}main.tf": OWN,
}
MANIFEST = json.dumps(
    {"Modules": [{"Key": "", "Source": "", "Dir": "."}, {"Key": "net", "Source": "./net", "Dir": "elsewhere"}]}
)
STATE = json.dumps(
    {"version": 3, "backend": {"type": "s3", "config": {"bucket": "b", "key": "k", "profile": "ops"}, "hash": 1}}
)
REQUIRED = 'terraform {\n  required_providers {\n    %s = { source = "%s" }\n  }\n}\n'
# What the folder holds, and by which name the refusal is known.
WAYS = {
    "keys in a provider block": ({"main.tf": OWN}, "access_key"),
    "a profile": ({"main.tf": 'provider "aws" {\n  profile = "ops"\n}\n'}, "profile"),
    "an escape in a provider's label": ({"main.tf": OWN.replace('"aws" {', '"a\\u0077s" {')}, "access_key"),
    "an escape in a source": (
        {"main.tf": REQUIRED % ("cloud", "hashicorp/\\u0061ws") + f'provider "cloud" {{\n{KEYS}}}\n'},
        "access_key",
    ),
    "an escape in a backend's label": (
        {
            "main.tf": 'terraform {\n  backend "s\\u0033" {\n    bucket = "b"\n    key = "k"\n'
            '    profile = "ops"\n  }\n}\n'
        },
        "profile",
    ),
    "a fork under another source": (
        {"main.tf": REQUIRED % ("aws", "mycorp/aws") + OWN.replace(KEYS, "")},
        "registry.terraform.io/mycorp/aws",
    ),
    "keys in awscc": ({"main.tf": f'provider "awscc" {{\n{KEYS}}}\n'}, "access_key"),
    "keys in awsutils": (
        {"main.tf": REQUIRED % ("awsutils", "cloudposse/awsutils") + f'provider "awsutils" {{\n{KEYS}}}\n'},
        "access_key",
    ),
    "a module 23 levels down": (DEEP, "access_key"),
    "an edited manifest of modules": (
        {
            "main.tf": 'module "net" {\n  source = "./net"\n}\n',
            "net/main.tf": "",
            "elsewhere/main.tf": OWN,
            ".terraform/modules/modules.json": MANIFEST,
        },
        "access_key",
    ),
    "a file whose name begins with #": ({"main.tf": RESOURCE, "#provider.tf": OWN.replace(RESOURCE, "")}, "access_key"),
    "an exec plugin with a profile": (
        {
            "main.tf": 'provider "kubernetes" {\n  exec {\n    api_version = "client.authentication.k8s.io/v1beta1"\n'
            '    command = "aws"\n    args = ["eks", "get-token", "--profile", "ops"]\n  }\n}\n'
        },
        "exec",
    ),
    "an execution in HCP Terraform": ({"main.tf": 'terraform {\n  cloud {\n    organization = "o"\n  }\n}\n'}, "cloud"),
    "the remote backend": ({"main.tf": 'terraform {\n  backend "remote" {}\n}\n'}, "remote"),
    "what init has kept of -backend-config": (
        {
            "main.tf": 'terraform {\n  backend "s3" {\n    bucket = "b"\n    key = "k"\n  }\n}\n',
            ".terraform/terraform.tfstate": STATE,
        },
        "profile",
    ),
    "a remote state with keys": (
        {
            "main.tf": 'data "terraform_remote_state" "x" {\n  backend = "s3"\n'
            f'  config = {{\n    bucket = "b"\n    key = "k"\n{KEYS}  }}\n}}\n'
        },
        "access_key",
    ),
    "a web identity": (
        {
            "main.tf": 'provider "aws" {\n  assume_role_with_web_identity {\n    role_arn = "r"\n'
            '    web_identity_token = "t"\n  }\n}\n'
        },
        "assume_role_with_web_identity",
    ),
}


@pytest.fixture
def world(tmp_path, lenient_sandbox, gate_of):
    """Makes the run of a folder, with the sandbox's long-term key where the files say KEY, and its gate."""
    found = lenient_sandbox.environ()
    device = Device(lenient_sandbox)

    def make(files, **more):
        environment = Environment.named("bypass", tmp_path)
        for name, text in files.items():
            path = environment.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                text.replace("KEY", found["AWS_ACCESS_KEY_ID"]).replace("SECRET", found["AWS_SECRET_ACCESS_KEY"])
            )
        environment.set_level(Level.PLANS_AND_APPLIES)
        gate = gate_of(lenient_sandbox, device)
        gate.environ = {**gate.environ, **more}
        return Run(environment, Options(), tmp_path), gate

    make.sandbox, make.device = lenient_sandbox, device
    return make


async def is_refused(world, run, gate, name):
    before = len(calls_without_mfa(world.sandbox))
    with pytest.raises(MfaBypass) as caught:
        await plan(run.driver, gate)
    assert name in str(caught.value)
    assert world.device.asked == []
    assert len(calls_without_mfa(world.sandbox)) == before
    assert (run.status, run.lock_indicator) == ("errored", "failed")
    assert "Authenticated" not in "\n".join(run.log_text())
    assert not any(line["event"] == "mfa" for line in run.driver.store.trail.lines())


@pytest.mark.parametrize("way", WAYS)
async def test_a_way_past_the_session_is_refused(world, way):
    files, name = WAYS[way]
    run, gate = world(files)
    await is_refused(world, run, gate, name)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("LD_PRELOAD", "/tmp/own.so"), ("TF_REATTACH_PROVIDERS", "{}"), ("LD_AUDIT", "/tmp/own.so")],
)
async def test_what_stands_in_terraforms_place_is_refused(world, variable, value):
    run, gate = world({"main.tf": "locals {}\n"}, **{variable: value})
    await is_refused(world, run, gate, variable)
