"""What is asked of `init` about a backend before a code, by a program that notes what it gets."""

import json
from pathlib import Path

import pytest

from tfmfa_nb.terraform.backend_check import CHANGED, backend_faults, can_be_checked, kept_type
from tfmfa_nb.terraform.executable import Executable
from tfmfa_nb.terraform.validation import Fault

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "hush",
    "AWS_SESSION_TOKEN": "hush",
    "GH_TOKEN": "hush",
}
# As Terraform 1.11.4 writes it.
MISSING = """
Error: Missing Required Value

  on main.tf line 2, in terraform:
   2: backend "s3" {

The attribute "bucket" is required by the backend.

Refer to the backend documentation for additional information which
attributes are required.

Error: Missing region value

  on net/main.tf line 12, in terraform:
  12: backend "s3" {

The "region" attribute must be set.
"""
NO_CREDENTIALS = """
Error: No valid credential sources found

Please see https://developer.hashicorp.com/terraform/language/backend/s3
for more information about providing credentials.
"""


@pytest.fixture
def ask(tmp_path):
    """Asks a program that says `text`; the faults, and its arguments and environment."""

    def run(text="", arguments=(), code=1, **environ):
        program, noted = tmp_path / "terraform", tmp_path / "noted"
        program.write_text(f"#!/bin/sh\n{{ echo \"$@\"; env; }} > {noted}\ncat <<'EOF' >&2\n{text}\nEOF\nexit {code}\n")
        program.chmod(0o755)
        executable = Executable((str(program),), "terraform", "1.11.4")
        given = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "AWS_REGION": "eu-west-1", **SECRETS, **environ}
        faults = backend_faults(executable, tmp_path, given, arguments)
        words, *lines = noted.read_text().splitlines()
        return faults, words, dict(line.partition("=")[::2] for line in lines)

    return run


def keep(folder, kind="s3"):
    (folder / ".terraform").mkdir()
    (folder / ".terraform" / "terraform.tfstate").write_text(json.dumps({"backend": {"type": kind, "config": {}}}))


def test_it_finds_no_credentials_and_leaves_nothing(ask, tmp_path):
    faults, words, seen = ask(arguments=["-backend-config=key=x"])
    assert (faults, words) == ((), "init -input=false -no-color -get=false -backend-config=key=x")
    assert "hush" not in str(seen)
    assert seen["AWS_SHARED_CREDENTIALS_FILE"] == seen["AWS_CONFIG_FILE"] == "/dev/null"
    assert seen["AWS_REGION"] == "eu-west-1"
    scratch = Path(seen["TF_DATA_DIR"])
    assert not scratch.is_relative_to(tmp_path)
    assert not scratch.exists()


def test_what_is_kept_counts_unless_init_shall_forget_it(ask, tmp_path):
    keep(tmp_path)
    assert "TF_DATA_DIR" not in ask()[2]
    assert "TF_DATA_DIR" in ask(arguments=["-reconfigure"])[2]
    assert kept_type(tmp_path, {}) == "s3"
    assert kept_type(tmp_path / "nowhere", {}) == ""


def test_what_it_says_of_the_configuration_is_a_fault(ask):
    refer = "Refer to the backend documentation for additional information which attributes are required."
    assert ask(MISSING)[0] == (
        Fault("Missing Required Value", f'The attribute "bucket" is required by the backend. {refer}', "main.tf:2"),
        Fault("Missing region value", 'The "region" attribute must be set.', "net/main.tf:12"),
    )
    assert ask(f"Error: {CHANGED}\n\nA change in the\nbackend\n")[0] == (Fault(CHANGED, "A change in the backend", ""),)


def test_what_it_says_of_credentials_is_none(ask):
    assert ask(NO_CREDENTIALS)[0] == ()
    assert ask(MISSING, code=0)[0] == ()
    assert ask("panic: runtime error")[0] == ()


def test_what_it_says_of_an_option_has_no_place(ask):
    text = 'Error: Invalid backend configuration argument\n\nThe argument\n"x" is not expected\n'
    assert ask(text)[0] == (Fault("Invalid backend configuration argument", 'The argument "x" is not expected', ""),)


def test_of_which_backends_it_may_be_asked():
    """Another one would be opened before the code, with whatever credentials it finds."""
    assert [kind for kind in ("s3", "s4", "local", "gcs", "remote", "") if can_be_checked(kind)] == ["s3", "s4"]
