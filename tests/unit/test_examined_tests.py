"""What tests bring along that an inspection of the configuration does not see."""

import pytest
from reader import ENVIRON, write

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.examined_tests import unexamined_tests

PLAIN = """
mock_provider "random" {}
run "plan" {
  command = plan
  variables {
    size = 1
  }
  assert {
    condition     = module.one.id == "x"
    error_message = "no"
  }
}
"""
READS = 'provider "aws" {\n  region = var.region\n}\n'


def found(folder, **files):
    write(folder, {"main.tf": "", **{name.replace("__", "/").replace("_", "."): text for name, text in files.items()}})
    return [problem.place for problem in unexamined_tests(Configuration(folder, "terraform", ENVIRON))]


def test_tests_of_the_configuration_itself_are_examined_with_it(tmp_path):
    assert found(tmp_path, a_tftest_hcl=PLAIN) == []
    assert found(tmp_path, main_tf='provider "aws" {\n  region = "eu-west-1"\n}\n') == []


@pytest.mark.parametrize(
    "text",
    [
        'provider "aws" {\n  profile = "ops"\n}\n',
        'run "x" {\n  module {\n    source = "./other"\n  }\n}\n',
        'run "x" {\n  module /* */ {\n    source = "./other"\n  }\n}\n',
        'run "x" {\n  module\n  {\n    source = "./other"\n  }\n}\n',
        'run "x" {\n  backend "s3" {}\n}\n',
        "terraform {}\n",
        'run "x" {\n',
    ],
)
@pytest.mark.parametrize("name", ["a_tftest_hcl", "tests__a_tftest_hcl", "a_tofutest_hcl"])
def test_what_brings_its_own_is_not_examined(tmp_path, text, name):
    (place,) = {place.partition(":")[0] for place in found(tmp_path, **{name: text})}
    assert place == name.replace("__", "/").replace("_", ".")


def test_json_is_not_read(tmp_path):
    assert found(tmp_path, a_tftest_json='{"provider": {"aws": {"profile": "ops"}}}') == ["a.tftest.json:1"]


@pytest.mark.parametrize("provider", [READS, READS.replace("var.region", "local.region")])
def test_variables_that_a_provider_may_read_are_not_examined(tmp_path, provider):
    assert found(tmp_path, main_tf=provider, a_tftest_hcl=PLAIN) == ["a.tftest.hcl:5"]
    assert found(tmp_path, main_tf=provider, a_tftest_hcl='run "x" {}\n') == []
    assert found(tmp_path, main_tf=provider, a_tftest_hcl="variables {\n  region = 1\n}\n") == ["a.tftest.hcl:1"]


def test_variables_may_come_from_files_beside_the_tests(tmp_path):
    """Terraform reads them for the tests in this folder, though none of them has the word."""
    given = {"tests__terraform_tfvars": 'region = "x"\n', "tests__more_auto_tfvars_json": "{}"}
    assert found(tmp_path, main_tf=READS, **given) == ["tests/more.auto.tfvars.json", "tests/terraform.tfvars"]
    assert found(tmp_path, main_tf='provider "aws" {\n  region = "eu-west-1"\n}\n') == []


OVERRIDES = "override_module {\n  target = module.one\n}\n"


@pytest.mark.parametrize(
    "value", ["module.one.region", "local.region", "data.aws_region.x.name", "terraform_data.x.id"]
)
def test_what_a_provider_reads_may_be_overridden(tmp_path, value):
    provider = READS.replace("var.region", value)
    assert found(tmp_path, main_tf=provider, a_tftest_hcl=OVERRIDES) == ["a.tftest.hcl:1"]
    assert found(tmp_path, main_tf=provider, a_tftest_hcl="variables {\n  region = 1\n}\n") == ["a.tftest.hcl:1"]
    assert found(tmp_path, main_tf=READS, a_tftest_hcl=OVERRIDES) == []
