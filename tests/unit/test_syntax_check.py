"""What cannot be parsed here is a syntax error only if Terraform says so; else it is refused."""

import os
import subprocess

import pytest
from reader import ENVIRON, NO_CONSOLE, found, names, write

from tfmfa_nb.terraform import syntax_check
from tfmfa_nb.terraform.executable import Executable, find_executable
from tfmfa_nb.terraform.syntax_check import is_syntax_error

ERRORS = ["x = \n", "{{{", 'provider "aws" {\n', "\xff\xfe", 'x = "\n', "a = [1,,2]\n"]
FINE = ["", "x = 1\n", 'provider "aws" {\n  profile = "p\x00"\n}\n', "# \x00\n"]


@pytest.mark.parametrize("text", ERRORS)
def test_terraform_tells_an_error(text):
    assert is_syntax_error(text.encode("latin-1"), find_executable(os.environ), ENVIRON)


@pytest.mark.parametrize("text", FINE)
def test_terraform_tells_what_it_can_read(text):
    assert not is_syntax_error(text.encode(), find_executable(os.environ), ENVIRON)


@pytest.mark.parametrize("script", ["exit 0", "exit 2", "exit 1", "exec sleep 5", "echo nonsense >&2; exit 2"])
def test_a_terraform_that_gives_no_answer_excuses_nothing(monkeypatch, script):
    monkeypatch.setattr(syntax_check, "_SECONDS", 0.2)
    assert not is_syntax_error(b"{{{", Executable(("/bin/sh", "-c", script), "terraform", "1"), {})
    assert not is_syntax_error(b"{{{", NO_CONSOLE, {})


def test_no_credentials_are_handed_to_it(monkeypatch):
    seen = {}

    def look(command, **options):
        seen.update(options["env"])
        return subprocess.CompletedProcess(command, 2, b"", b"<stdin>")

    monkeypatch.setattr(syntax_check.subprocess, "run", look)
    assert is_syntax_error(b"{", NO_CONSOLE, {"PATH": "/bin", "AWS_ACCESS_KEY_ID": "AKIA", "TF_CLI_ARGS": "-x"})
    assert seen["PATH"] == "/bin"
    assert not {"AWS_ACCESS_KEY_ID", "TF_CLI_ARGS"} & seen.keys()


def test_a_syntax_error_is_left_to_terraform_and_a_gap_is_refused(tmp_path):
    write(
        tmp_path, {"error.tf": 'provider "aws" {\n  x = \n}\n', "gap.tf": 'provider "aws" {\n  profile = "p\x00"\n}\n'}
    )
    findings = found(tmp_path)
    assert [problem.place for problem in findings.problems] == ["error.tf:2"]
    assert names(findings.unreadable) == [("gap.tf:2", "unreadable")]
    assert "cannot be parsed from line 2 on" in findings.unreadable[0].what
