"""What would pass the MFA session by is said with its place, and nothing else is."""

import pytest
from reader import found

from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import Executable
from tfmfa_nb.terraform.role_chains import find_chains

NO_CONSOLE = Executable(("/nonexistent/terraform",), "terraform", "1.11.4")


def bypasses(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.tf").write_text(text)
    return find_chains(Configuration(folder, "terraform", {}), executable=NO_CONSOLE, environ={}).bypasses


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ('profile = "work"', 'provider "aws" uses an AWS profile (`profile`), which bypasses the MFA session.'),
        ('access_key = "k"', 'provider "aws" uses its own access key (`access_key`), which bypasses the MFA session.'),
        ('token = "t"', 'provider "aws" uses its own session token (`token`), which bypasses the MFA session.'),
    ],
)
def test_the_sentence(tmp_path, setting, what):
    (problem,) = bypasses(tmp_path, main=f'provider "aws" {{\n\n  {setting}\n}}\n')
    assert (problem.what, problem.place) == (what, "main.tf:3")
    assert "Remove it" in problem.remedy


def test_no_value_is_shown(tmp_path):
    (problem,) = bypasses(tmp_path, main='provider "aws" {\n  secret_key = "wJalrXUtnFEMI"\n}\n')
    assert "wJalrXUtnFEMI" not in repr(problem)


def test_what_cannot_be_evaluated_may_be_one(tmp_path):
    (problem,) = bypasses(tmp_path, main='provider "aws" {\n  access_key = var.k\n}\n')
    assert "may use its own access key (`access_key` is not known yet)" in problem.what


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("null", ""),
        ('""', ""),
        ("[]", ""),
        ('"AKIA"', "uses its own access key (`access_key`)"),
        ('["a"]', "uses its own access key (`access_key`)"),
        ("0", "uses its own access key (`access_key`)"),
    ],
)
@pytest.mark.parametrize("sensitive", ["true", "false"])
def test_whether_a_variable_has_a_value_is_known_even_if_it_is_sensitive(tmp_path, value, text, sensitive):
    variable = f'variable "k" {{\n  default   = {value}\n  sensitive = {sensitive}\n}}\n'
    problems = found(tmp_path, variable + 'provider "aws" {\n  access_key = var.k\n}\n').bypasses
    assert [text in problem.what for problem in problems] == ([True] if text else [])


def test_a_profile_that_is_not_known_is_none(tmp_path):
    """Under MFA there is no file with profiles: null goes through, and a name is an error of the provider's own."""
    assert not bypasses(tmp_path, main='provider "aws" {\n  profile = var.p\n}\n')


def test_they_come_in_the_order_of_files_and_blocks(tmp_path):
    found = bypasses(
        tmp_path,
        b='provider "aws" {\n  alias = "b"\n  token = "t"\n}\n',
        a='provider "aws" {\n  secret_key = "s"\n  access_key = "a"\n  profile = "p"\n}\n',
    )
    assert [problem.place for problem in found] == ["a.tf:4", "a.tf:3", "a.tf:2", "b.tf:3"]


def test_settings_of_the_same_name_elsewhere_are_none(tmp_path):
    assert not bypasses(
        tmp_path,
        main='provider "google" {\n  access_key = "x"\n}\n'
        'provider "aws" {\n  default_tags {\n    tags = {\n      profile = "x"\n    }\n  }\n'
        '  assume_role {\n    role_arn = "r"\n    profile = "x"\n  }\n}\n'
        'resource "aws_x" "y" {\n  profile = "x"\n}\nmodule "m" {\n  source = "acme/m/aws"\n  profile = "x"\n}\n'
        'terraform {\n  backend "oss" {\n    profile = "x"\n  }\n}\n',
    )


def test_one_in_an_override_file_is_found_there(tmp_path):
    found = bypasses(tmp_path, main='provider "aws" {\n}\n', override='provider "aws" {\n  profile = "p"\n}\n')
    assert [problem.place for problem in found] == ["override.tf:2"]
