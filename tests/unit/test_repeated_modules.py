"""Modules with `count` or `for_each`: what is the same for all instances is known, and the rest is not guessed."""

import pytest
from reader import found, names

COMMON = {
    "state/main.tf": 'variable "common" {\n}\nvariable "env" {\n}\ndata "terraform_remote_state" "net" {\n'
    '  backend = "s3"\n  config = merge(var.common, { key = var.env })\n}\n'
}


def call(name, body, repeated="count = 2"):
    return f'module "{name}" {{\n  source = "./{name}"\n  {repeated}\n  {body}\n}}\n'


@pytest.mark.parametrize("repeated", ["count = 2", 'for_each = toset(["a", "b"])', "count = var.unknown"])
def test_a_profile_that_is_null_for_all_is_none(tmp_path, repeated):
    files = {
        "main.tf": call("m", "", repeated),
        "m/main.tf": 'variable "profile" {\n  default = null\n}\nvariable "key" {\n  default = null\n}\n'
        'provider "aws" {\n  profile = var.profile\n  access_key = var.key\n}\n',
    }
    assert not found(tmp_path, files).bypasses


def test_a_merged_configuration_without_credentials_has_no_bypass_and_no_role(tmp_path):
    files = {
        "main.tf": 'module "state" {\n  source = "./state"\n  for_each = toset(["a", "b"])\n  env = each.key\n'
        '  common = {\n    bucket = "b"\n    region = "eu-west-1"\n  }\n}\n',
        **COMMON,
    }
    findings = found(tmp_path, files)
    assert findings.bypasses == ()
    assert [(chain.provider, chain.hops) for chain in findings.chains] == [
        ("module.state.data.terraform_remote_state.net", ())
    ]


def test_one_with_a_profile_and_a_role_has_both(tmp_path):
    role = "arn:aws:iam::123456789012:role/net"
    files = {
        "main.tf": 'module "state" {\n  source = "./state"\n  for_each = toset(["a", "b"])\n  env = each.key\n'
        f'  common = {{\n    bucket = each.value\n    profile = "ops"\n    role_arn = "{role}"\n  }}\n}}\n',
        **COMMON,
    }
    findings = found(tmp_path, files)
    assert names(findings.bypasses) == [("state/main.tf:7", "profile")]
    assert "uses an AWS profile" in findings.bypasses[0].what
    assert [hop.role_arn for chain in findings.chains for hop in chain.hops] == [role]


def test_what_depends_on_the_instance_is_not_known(tmp_path):
    files = {
        "main.tf": call("m", "key = each.value.key", 'for_each = { a = { key = "k" } }'),
        "m/main.tf": 'variable "key" {\n}\nprovider "aws" {\n  access_key = var.key\n  profile = var.key\n}\n',
    }
    (problem,) = found(tmp_path, files).bypasses
    assert (problem.place, problem.name) == ("m/main.tf:4", "access_key")
    assert "not known yet" in problem.what


@pytest.mark.parametrize("inner", ["count = 1", 'for_each = toset(["x"])', ""])
def test_modules_in_repeated_modules(tmp_path, inner):
    files = {
        "main.tf": call("m", 'region = "eu-west-1"'),
        "m/main.tf": 'variable "region" {\n}\n' + call("n", "region = var.region", inner),
        "m/n/main.tf": 'variable "region" {\n}\nprovider "aws" {\n  region = var.region\n'
        '  secret_key = var.region == "eu-west-1" ? null : "x"\n}\n',
    }
    findings = found(tmp_path, files)
    assert findings.bypasses == ()
    assert [chain.region for chain in findings.chains] == ["eu-west-1"]


def test_outputs_of_another_repeated_module_are_not_guessed(tmp_path):
    files = {
        "main.tf": call("o", "") + call("m", "key = module.o[0].key\n  other = module.o"),
        "o/main.tf": 'output "key" {\n  value = "x"\n}\n',
        "m/main.tf": 'variable "key" {\n}\nvariable "other" {\n}\n'
        'provider "aws" {\n  access_key = var.key\n  secret_key = var.other[0].key\n}\n',
    }
    assert [problem.name for problem in found(tmp_path, files).bypasses] == ["access_key", "secret_key"]
