"""Which providers a configuration has, and which of them are AWS's or unknown."""

import pytest
from reader import NO_CONSOLE, found, names, terraform, write

from tfmfa_nb.terraform.known_providers import is_known

REGISTRY = "registry.terraform.io"
LOCK = 'provider "registry.terraform.io/mycorp/thing" {\n  version = "1.0.0"\n}\n'


def require(name, source):
    return f'terraform {{\n  required_providers {{\n    {name} = {{ source = "{source}" }}\n  }}\n}}\n'


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("aws", "mycorp/aws"),
        ("amazon", "registry.example.com/mycorp/aws"),
        ("awscc", "hashicorp/awscc"),
        ("cc", "hashicorp/AWSCC"),
        ("awsutils", "cloudposse/awsutils"),
        ("aws", "mycorp/amazon"),
        ("x", "aws"),
        ("x", "opentofu/aws"),
    ],
)
def test_a_fork_and_a_kin_are_examined_like_the_aws_provider(tmp_path, name, source):
    hcl = (
        f'{require(name, source)}provider "{name}" {{\n  profile = "ops"\n'
        '  assume_role = {\n    role_arn = "arn:aws:iam::123456789012:role/x"\n  }\n}\n'
    )
    findings = found(tmp_path, hcl, executable=NO_CONSOLE)
    assert names(findings.bypasses) == [("main.tf:7", "profile")]
    ((hop,),) = (chain.hops for chain in findings.chains)
    assert hop.role_arn == "arn:aws:iam::123456789012:role/x"


@pytest.mark.parametrize("name", ["awscc", "awsutils"])
def test_kin_need_no_required_providers(tmp_path, name):
    hcl = f'provider "{name}" {{\n  access_key = "x"\n}}\n'
    assert names(found(tmp_path, hcl, executable=NO_CONSOLE).bypasses) == [("main.tf:2", "access_key")]


EVERY_WAY = {
    "main.tf": require("cloud", "MyCorp/Cloud")
    + 'provider "grafana" {\n}\n'
    + 'resource "random_id" "x" {\n}\ndata "http" "x" {\n}\n'
    + 'resource "thing_x" "y" {\n  provider = cloud.west\n}\n'
    + 'resource "terraform_data" "x" {\n}\n'
    + 'check "c" {\n  data "dns_a_record_set" "x" {\n  }\n'
    + '  assert {\n    condition = data.dns_a_record_set.x.id != ""\n    error_message = "x"\n  }\n}\n'
    + 'module "m" {\n  source = "./m"\n}\n',
    "m/main.tf": 'resource "tls_private_key" "x" {\n}\nephemeral "vault_x" "y" {\n}\n',
    "m/more.tf.json": '{"resource": {"null_resource": {"x": {}}}}',
}


def test_every_provider_is_listed_once_by_its_address(tmp_path):
    findings = found(tmp_path, {**EVERY_WAY, ".terraform.lock.hcl": LOCK}, executable=NO_CONSOLE)
    hashicorp = ["dns", "grafana", "http", "null", "random", "tls", "vault"]
    assert findings.providers == (
        *(f"{REGISTRY}/hashicorp/{name}" for name in hashicorp),
        f"{REGISTRY}/mycorp/cloud",
        f"{REGISTRY}/mycorp/thing",
        "terraform.io/builtin/terraform",
    )
    assert names(findings.unknown_providers) == [
        ("main.tf:3", f"{REGISTRY}/mycorp/cloud"),
        ("main.tf:6", f"{REGISTRY}/hashicorp/grafana"),
        (".terraform.lock.hcl:1", f"{REGISTRY}/mycorp/thing"),
    ]


def test_terraform_lists_the_same(tmp_path):
    write(tmp_path, EVERY_WAY)
    terraform(tmp_path, "get")
    said = terraform(tmp_path, "providers")
    listed = {part.partition("]")[0] for part in said.split("provider[")[1:]}
    assert listed == set(found(tmp_path).providers)


def test_opentofu_has_a_registry_of_its_own(tmp_path):
    findings = found(tmp_path, 'provider "aws" {\n}\n', product="tofu", version="1.9.0", executable=NO_CONSOLE)
    assert findings.providers == ("registry.opentofu.org/hashicorp/aws",)
    assert not findings.unknown_providers


@pytest.mark.parametrize(
    ("address", "known"),
    [
        (f"{REGISTRY}/hashicorp/aws", True),
        ("registry.opentofu.org/hashicorp/aws", True),
        (f"{REGISTRY}/integrations/github", True),
        ("terraform.io/builtin/terraform", True),
        ("registry.example.com/hashicorp/aws", False),
        (f"{REGISTRY}/mycorp/aws", False),
        (f"{REGISTRY}/vancluever/acme", False),
        (f"{REGISTRY}/hashicorp/a\u00adws", False),
        ("hashicorp/aws", False),
        ("", False),
    ],
)
def test_what_is_known(address, known):
    assert is_known(address) is known


@pytest.mark.parametrize(
    "entry", ['{ source = "hashicorp/${"aws"}" }', '{ ("source") = "hashicorp/aws" }', "merge({}, {})"], ids=range(3)
)
def test_an_entry_that_is_not_plain_is_refused(tmp_path, entry):
    hcl = f"terraform {{\n  required_providers {{\n    x = {entry}\n  }}\n}}\n"
    findings = found(tmp_path, hcl, executable=NO_CONSOLE)
    assert names(findings.unreadable) == [("main.tf:3", "unreadable")]


@pytest.mark.parametrize(
    "entry", ['"~> 5.0"', '{ version = "~> 5.0" }', "{}", "{ }", "{ configuration_aliases = [aws.x] }"]
)
def test_an_entry_without_a_source_is_hashicorps(tmp_path, entry):
    hcl = f"terraform {{\n  required_providers {{\n    aws = {entry}\n  }}\n}}\n"
    findings = found(tmp_path, hcl, executable=NO_CONSOLE)
    assert findings.providers == (f"{REGISTRY}/hashicorp/aws",)
    assert not findings.unreadable
