"""What OpenTofu has and Terraform has not, as the reader of configurations sees it: its own language, by version."""

import json

import pytest
from reader import found, names

ROLE = "arn:aws:iam::123456789012:role/"
# Since 1.9: https://opentofu.org/docs/language/providers/configuration/#for_each-multiple-provider-configurations
PROVIDERS = """
variable "regions" {
  default = { "eu-west-1" = "blue", "us-east-1" = "green" }
}
provider "aws" {
  alias    = "by_region"
  for_each = var.regions
  region   = each.key
  SETTING
}
"""
# Since 1.8: https://opentofu.org/docs/language/settings/backends/configuration/#variables-and-locals
BACKEND = """
variable "stage" {
  default = "staging"
}
locals {
  profile = var.stage == "prod" ? "ops" : null
}
terraform {
  backend "s3" {
    bucket  = "states-${var.stage}"
    key     = "${var.stage}/state"
    SETTING
  }
}
"""


def tofu(folder, files, version="1.9.0", **more):
    return found(folder, files, product="tofu", version=version, **more)


def arns(findings):
    return sorted(hop.role_arn for chain in findings.chains for hop in chain.hops if hop.role_arn)


def test_each_provider_of_a_for_each_has_its_role(tmp_path):
    setting = f'assume_role {{\n    role_arn = "{ROLE}${{each.value}}"\n  }}'
    findings = tofu(tmp_path, PROVIDERS.replace("SETTING", setting))
    assert arns(findings) == [f"{ROLE}blue", f"{ROLE}green"]
    assert sorted(chain.region for chain in findings.chains) == ["eu-west-1", "us-east-1"]


def test_a_profile_of_one_of_the_providers_is_found(tmp_path):
    (bypass,) = tofu(tmp_path, PROVIDERS.replace("SETTING", 'profile = each.value == "green" ? "ops" : null')).bypasses
    assert (bypass.place, bypass.name) == ("main.tf:9", "profile")
    other = tmp_path / "other"
    other.mkdir()
    assert tofu(other, PROVIDERS.replace("SETTING", "profile = each.value == 1 ? 2 : null")).bypasses == ()


@pytest.mark.parametrize(("stage", "refused"), [("staging", []), ("prod", [("main.tf:12", "profile")])])
def test_variables_and_locals_in_a_backend(tmp_path, stage, refused):
    files = {"main.tf": BACKEND.replace("SETTING", "profile = local.profile")}
    files["x.auto.tfvars"] = f'stage = "{stage}"\n'
    findings = tofu(tmp_path, files)
    assert names(findings.bypasses) == refused
    assert (findings.backend, findings.backend_key) == ("s3", None)  # until `init` has kept what it is


def test_a_role_of_a_backend_from_a_variable(tmp_path):
    setting = f'assume_role = {{\n      role_arn = "{ROLE}${{var.stage}}"\n    }}'
    assert arns(tofu(tmp_path, BACKEND.replace("SETTING", setting))) == [f"{ROLE}staging"]


def test_a_module_whose_source_is_a_variable_is_read_where_init_has_put_it(tmp_path):
    call = 'variable "v" {\n  default = "./m"\n}\nmodule "m" {\n  source = var.v\n}\n'
    files = {"main.tf": call, "m/main.tf": f'provider "aws" {{\n  assume_role {{\n    role_arn = "{ROLE}m"\n  }}\n}}\n'}
    findings = tofu(tmp_path, files)
    assert arns(findings) == []
    assert any("is not installed yet" in problem.what for problem in findings.problems)
    manifest = {"Modules": [{"Key": "", "Source": "", "Dir": "."}, {"Key": "m", "Source": "./m", "Dir": "m"}]}
    installed = {".terraform/modules/modules.json": json.dumps(manifest)}
    assert arns(tofu(tmp_path, installed)) == [f"{ROLE}m"]


@pytest.mark.parametrize(("version", "role"), [("1.7.9", "tf"), ("1.8.0", "tofu")])
def test_its_own_files_count_for_the_versions_that_read_them(tmp_path, version, role):
    text = 'provider "aws" {\n  assume_role {\n    role_arn = "%s"\n  }\n}\n'
    files = {"main.tf": text % f"{ROLE}tf", "main.tofu": text % f"{ROLE}tofu"}
    assert arns(tofu(tmp_path, files, version)) == [f"{ROLE}{role}"]
