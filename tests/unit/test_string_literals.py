"""Escapes: a label or a source is what Terraform sees, however it is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader import NO_CONSOLE, found, names, terraform, write

from tfmfa_nb.terraform.string_literals import decode, encode

PROVIDER = 'provider "a\\u0077s" {\n  profile = "o\\u0070s"\n}\n'


@given(st.text())
def test_whatever_is_encoded_is_decoded(text):
    import unicodedata  # noqa: PLC0415

    assert decode(encode(text)[1:-1]) == unicodedata.normalize("NFC", text)


TEXTS = ["plain", 'a"b\\c', "${x} %{y} $$ %%", "\x00\x01\x7f\n\r\t", "é \U0001f600", "\\u0061", "$${a}", "%%{a}"]


def test_terraform_decodes_what_is_encoded(tmp_path):
    write(tmp_path, f"output all {{\n  value = [{', '.join(map(encode, TEXTS))}]\n}}\n")
    terraform(tmp_path, "apply", "-auto-approve", "-input=false")
    assert json.loads(terraform(tmp_path, "output", "-json", "all")) == TEXTS


def test_terraform_reads_the_escapes_of_modules_and_sources(tmp_path):
    required = 'terraform {\n  required_providers {\n    x = { "sourc\\u0065" = "hashicorp/\\u0061ws" }\n  }\n}\n'
    call = 'module "\\u006dod" {\n  source = "./\\u006dod"\n}\n'
    write(tmp_path, {"main.tf": required + call, "mod/main.tf": PROVIDER})
    terraform(tmp_path, "get")
    said = terraform(tmp_path, "providers")
    assert said.count("provider[registry.terraform.io/hashicorp/aws]") == 2
    assert "module.mod" in said


def test_terraform_reads_the_escapes_of_a_backend(tmp_path):
    write(tmp_path, 'terraform {\n  backend "loc\\u0061l" {\n    path = "x"\n  }\n}\n')
    terraform(tmp_path, "init", "-input=false")
    assert json.loads((tmp_path / ".terraform/terraform.tfstate").read_text())["backend"]["type"] == "local"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (PROVIDER, ("main.tf:2", "profile")),
        (
            (
                'terraform {\n  required_providers {\n    x = { source = "hashicorp/\\u0061ws" }\n  }\n}\n'
                'provider "x" {\n  profile = "ops"\n}\n'
            ),
            ("main.tf:7", "profile"),
        ),
        ('terraform {\n  backend "s\\u0033" {\n    profile = "ops"\n  }\n}\n', ("main.tf:3", "profile")),
        (
            {"main.tf": 'module "\\u0061" {\n  source = "./\\u006dod"\n}\n', "mod/main.tf": PROVIDER},
            ("mod/main.tf:2", "profile"),
        ),
        (
            (
                'provider "aws" {\n  dynamic "\\u0061ssume_role_with_web_identity" {\n    for_each = [1]\n'
                '    content {\n      role_arn = "x"\n    }\n  }\n}\n'
            ),
            ("main.tf:2", "assume_role_with_web_identity"),
        ),
        (
            (
                'data "terraform_remote_st\\u0061te" "x" {\n  backend = "s\\u0033"\n  config = {\n'
                '    "pro\\u0066ile" = "ops"\n  }\n}\n'
            ),
            ("main.tf:4", "profile"),
        ),
        ('terraform {\n  backend "remot\\u0065" {\n  }\n}\n', ("main.tf:2", "remote")),
        (
            {"main.tf.json": json.dumps({"provider": {"a\u0077s": {"\u0070rofile": "ops"}}})},
            ("main.tf.json:1", "profile"),
        ),
    ],
    ids=["provider", "source", "backend", "module", "dynamic", "remote-state", "remote", "json"],
)
def test_a_setting_behind_an_escape_is_found(tmp_path, files, expected):
    assert names(found(tmp_path, files).bypasses) == [expected]


def test_a_programs_name_behind_an_escape_is_found(tmp_path):
    hcl = 'resource "terraform_data" "x" {\n  provisioner "local\\u002dexec" {\n    command = "true"\n  }\n}\n'
    assert names(found(tmp_path, hcl).programs) == [("main.tf:2", "local-exec")]


def test_a_name_that_terraform_refuses_reaches_no_console(tmp_path):
    files = {"main.tf": 'module "a\\" {\\n}\\n#" {\n  source = "./mod"\n}\n', "mod/main.tf": 'provider "aws" {\n}\n'}
    assert not found(tmp_path, files, executable=NO_CONSOLE).chains


def test_a_source_that_is_no_plain_string_is_refused(tmp_path):
    """Terraform evaluates it, without variables: `("hashicorp/aws")` is one."""
    hcl = 'terraform {\n  required_providers {\n    x = { source = ("hashicorp/aws") }\n  }\n}\n'
    write(tmp_path, hcl)
    assert "hashicorp/aws" in terraform(tmp_path, "providers")
    assert names(found(tmp_path).unreadable) == [("main.tf:3", "unreadable")]
