"""What Terraform says of packages that match no checksum in its lock file."""

import json
import os
import subprocess

import pytest

from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.lock_file import Outdated, Unlisted, lock_file_fault, this_platform

AWS = Unlisted("registry.terraform.io/hashicorp/aws", "5.100.0")
# As Terraform 1.11.4 writes it.
INIT = """\x1b[31m╷\x1b[0m\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[1m\x1b[31mError: \x1b[0m\x1b[0m\x1b[1mFailed to install provider\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[0mError while installing hashicorp/aws v5.100.0: the local package for
\x1b[31m│\x1b[0m \x1b[0mregistry.terraform.io/hashicorp/aws 5.100.0 doesn't match any of the
\x1b[31m│\x1b[0m \x1b[0mchecksums previously recorded in the dependency lock file (this might be
\x1b[31m╵\x1b[0m\x1b[0m"""
VALIDATE = (
    "registry.terraform.io/hashicorp/aws: the cached package for registry.terraform.io/hashicorp/aws 5.100.0 (in "
    ".terraform/providers) does not match any of the checksums recorded in the dependency lock file"
)


@pytest.mark.parametrize("text", [INIT, VALIDATE])
def test_the_package_is_named_however_it_is_said(text):
    assert lock_file_fault(text.splitlines()) == AWS


@pytest.mark.parametrize(
    "text",
    [
        """Could not retrieve the list of available versions for provider
        │ hashicorp/aws: locked provider registry.terraform.io/hashicorp/aws 5.99.1 does not match
        │ configured version constraint ~> 5.100.0, < 6.0.0; must use terraform init -upgrade""",
        """provider registry.terraform.io/hashicorp/aws: locked version selection 5.99.1 doesn't match the
        updated version constraints "~> 5.100.0, < 6.0.0\"""",
    ],
)
def test_a_version_that_is_not_allowed_any_more_has_its_remedy(text):
    fault = lock_file_fault(text.splitlines())
    assert fault == Outdated(AWS.source, "5.99.1", "~> 5.100.0, < 6.0.0")
    assert "--upgrade" in fault.remedy


@pytest.mark.parametrize("text", ["", INIT.replace("doesn't match", "matches"), "Failed to install provider"])
def test_another_error_names_none(text):
    assert lock_file_fault(text.splitlines()) is None


def test_the_platform_is_named_as_terraform_names_it():
    version = subprocess.run(
        [*find_executable(os.environ).command, "version", "-json"],
        capture_output=True, check=True, env={name: os.environ[name] for name in ("PATH", "HOME")},
    )  # fmt: skip
    assert this_platform() == json.loads(version.stdout)["platform"]
    assert f"terraform providers lock -platform={this_platform()} {AWS.source}" in AWS.remedy
