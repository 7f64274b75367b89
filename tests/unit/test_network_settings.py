"""Which endpoints for STS, and which ways to it, a configuration names."""

import json
import os
from pathlib import Path

import pytest

from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.runs.gate.network import ways_not_allowed
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.planned_providers import planned_providers
from tfmfa_nb.terraform.role_chains import Findings, find_chains

VPC = "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com"
POLICY = Policy((Layer(Path("/etc/policy"), mfa=True, endpoints=("*.vpce.amazonaws.com",)),))


def refused(tmp_path, text, name="main.tf", policy=POLICY, **environ):
    (tmp_path / name).write_text(text)
    executable = find_executable(os.environ)
    environ = {"PATH": os.environ["PATH"], **environ}
    configuration = Configuration(tmp_path, executable.product, environ, None, executable.version)
    findings = find_chains(configuration, executable=executable, environ=environ)
    return [problem.name for problem in ways_not_allowed(findings, policy, environ)]


@pytest.mark.parametrize(
    "url",
    [
        "https://sts.eu-west-1.amazonaws.com",
        "https://sts.amazonaws.com/",
        "https://sts-fips.us-east-1.amazonaws.com",
        "https://sts.cn-north-1.amazonaws.com.cn",
        VPC,
        "",
    ],
)
def test_aws_s_own_endpoints_and_those_that_the_policy_names_are_fine(tmp_path, url):
    assert refused(tmp_path, f'provider "aws" {{\n  endpoints {{\n    sts = "{url}"\n  }}\n}}\n') == []


@pytest.mark.parametrize(
    "url",
    [
        "http://sts.eu-west-1.amazonaws.com",
        "https://sts.eu-west-1.amazonaws.com.evil.example",
        "https://sts.amazonaws.com@evil.example",
        "https://evil.example/sts.amazonaws.com",
        "https://sts.x.y.amazonaws.com",
    ],
)
def test_what_only_looks_like_them_is_not(tmp_path, url):
    assert refused(tmp_path, f'provider "aws" {{\n  endpoints {{\n    sts = "{url}"\n  }}\n}}\n') == ["endpoints.sts"]


@pytest.mark.parametrize("endpoints", [{"sts": "http://x"}, [{"s3": "http://y"}, {"sts": "http://x"}], "${var.e}"])
def test_json_and_values_from_elsewhere_are_read_too(tmp_path, endpoints):
    variable = {"e": {"default": {"sts": "http://x"}}}
    text = json.dumps({"variable": variable, "provider": {"aws": {"endpoints": endpoints}}})
    assert refused(tmp_path, text, "main.tf.json") == ["endpoints.sts"]


def test_nobody_s_endpoint_and_an_unset_one_are_none(tmp_path):
    text = 'variable "local" {\n  default = false\n}\nprovider "aws" {\n  insecure = false\n  endpoints {\n'
    text += '    s3 = "http://minio:9000"\n    sts = var.local ? "http://localhost:4566" : null\n  }\n}\n'
    assert refused(tmp_path, text) == []


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"AWS_ENDPOINT_URL": "http://x"}, ["AWS_ENDPOINT_URL"]),
        ({"AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_STS": VPC}, []),
        ({"AWS_ENDPOINT_URL_S3": "http://x", "AWS_STS_ENDPOINT": " "}, []),
        ({"AWS_STS_ENDPOINT": VPC, "TF_AWS_STS_ENDPOINT": "http://x"}, ["TF_AWS_STS_ENDPOINT"]),
    ],
)
def test_variables_are_held_against_the_policy(environ, names):
    assert [problem.name for problem in ways_not_allowed(Findings(), POLICY, environ)] == names
    assert list(ways_not_allowed(Findings(), Policy(), environ)) == []  # MFA is off


@pytest.mark.parametrize(
    ("expressions", "names"),
    [
        ({"endpoints": [{"s3": {"constant_value": "x"}}, {"sts": {"constant_value": "y"}}]}, {"endpoints.sts"}),
        ({"endpoints": [{"sts": {"references": ["var.x"]}}]}, {"endpoints.sts"}),
        ({"endpoints": [{"sts": {"constant_value": ""}}, {"s3": {"constant_value": "x"}}]}, set()),
        ({"https_proxy": {"references": ["var.x"]}, "http_proxy": {"constant_value": None}}, {"https_proxy"}),
    ],
)
def test_a_plan_says_the_same(expressions, names):
    block = {"full_name": "registry.terraform.io/hashicorp/aws", "name": "aws", "expressions": expressions}
    (found,) = planned_providers({"configuration": {"provider_config": {"aws": block}}})
    assert found.network == names
