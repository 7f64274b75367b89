"""Values that variables do not take: found with real Terraform, and nothing but the variables."""

import os

import pytest

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.value_faults import value_faults
from tfmfa_nb.terraform.variable_arguments import VariableArguments

HCL = """
variable "number" {
  type    = number
  default = 5
  validation {
    condition     = var.number > 3
    error_message = "The number ${var.number} is too small."
  }
}
variable "names" {
  type    = list(string)
  default = []
}
variable "object" {
  type    = object({ a = string, b = optional(number) })
  default = { a = "x" }
}
variable "db_password" {
  type    = string
  default = "hush"
  validation {
    condition     = length(var.db_password) > 3
    error_message = "${var.db_password} is too short."
  }
}
variable "no_default" {}
locals {
  smallest = 3
}
resource "aws_instance" "one" {
  count = var.number
}
"""


@pytest.fixture
def faults(tmp_path):
    (tmp_path / "live").mkdir()

    def of(*words, files=(), hcl=HCL, **environ):
        folder = tmp_path / "live"
        (folder / "main.tf").write_text(hcl)
        for name, text in dict(files).items():
            (tmp_path / "live" / name).write_text(text)
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TF_VAR_no_default": "x", **environ}
        executable = find_executable(environ)
        configuration = Configuration(folder, executable.product, environ)
        found = value_faults(configuration, executable, environ, given(words))
        return [text for each in found for text in (str(each), each.detail)]

    def given(words):
        return VariableArguments(tuple(f"-var={word}" if "=" in word else f"-var-file={word}" for word in words))

    return of


@pytest.mark.parametrize(
    ("words", "where", "why"),
    [
        (["number=abc"], "main.tf:2: Invalid value for input variable number", "a number is required"),
        (["number=2"], "main.tf:2: Invalid value for variable number", "The number 2 is too small."),
        (["names=a,b"], "main.tf:10: Extra characters after expression names", ""),
        (["object={ b = 1 }"], "main.tf:14: Invalid value for input variable object", 'attribute "a" is required'),
    ],
)
def test_a_value_of_the_line_is_wrong(faults, words, where, why):
    first, detail = faults(*words)
    assert first.startswith(where)
    assert why in detail
    assert "declared at" not in detail
    assert "validation rule at" not in detail


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("terraform.tfvars", "number = true\n", "terraform.tfvars:1: Invalid value for input variable"),
        ("terraform.tfvars", "\nnumber = \n", "terraform.tfvars:2: Invalid expression"),
        ("a.auto.tfvars", "names = [var.number]\n", "a.auto.tfvars:1: Variables not allowed"),
        ("a.auto.tfvars", "number = 4\nnumber = 5\n", "a.auto.tfvars:2: Attribute redefined"),
        ("terraform.tfvars.json", '{"names": 3}', "terraform.tfvars.json:1: Invalid value for input variable"),
    ],
)
def test_a_variable_file_is_wrong(faults, name, text, where):
    assert faults(files={name: text})[0].startswith(where)


def test_a_file_of_the_line_is_wrong(faults, tmp_path):
    file = tmp_path / "prod.tfvars"
    file.write_text("number = true\n")
    assert faults(str(file))[0].startswith(f"{file}:1: Invalid value for input variable")


def test_a_value_of_the_environment_is_wrong(faults):
    assert faults(TF_VAR_number="abc")[0] == "main.tf:2: Invalid value for input variable number"


def test_a_secret_is_not_told(faults):
    told = faults(TF_VAR_db_password="hus")
    assert told == ["main.tf:18: Invalid value for variable db_password", ""]


@pytest.mark.parametrize(
    "hcl",
    [
        HCL,
        HCL.replace("var.number > 3", "var.number > local.smallest"),
        HCL.replace("var.number > 3", "var.number > length(aws_instance.one)"),
        HCL.replace("var.number > 3", 'var.number > length(file("nowhere"))'),
    ],
)
def test_what_is_right_or_not_known_yet_is_no_fault(faults, hcl):
    assert faults("number=4", "other=5", hcl=hcl, files={"terraform.tfvars": 'names = ["a"]\nelse = 1\n'}) == []
