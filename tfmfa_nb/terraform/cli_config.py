"""The person's own CLI configuration, as far as it brings credentials beside the MFA session's.

https://developer.hashicorp.com/terraform/cli/config/config-file#credentials-helpers
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.hcl import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HELPER = "credentials_helper"


def cli_bypasses(environ: Mapping[str, str]) -> list[Problem]:
    """The credentials helpers of the CLI configuration: programs that Terraform asks for credentials.

    Args:
        environ: for `TF_CLI_CONFIG_FILE`, `TERRAFORM_CONFIG` and `HOME`.
    """
    problems = []
    for file in _files(environ):
        try:
            blocks, _ = parse(file.read_bytes(), str(file))
        except OSError:
            continue  # Terraform cannot read it either
        problems += [
            Problem(
                f"the CLI configuration names a credentials helper ({' '.join(block.labels)}), "
                "a program that brings credentials of its own.",
                "Take it out, or let TF_CLI_CONFIG_FILE name a configuration without it.",
                block.place,
                _HELPER,
            )
            for block in blocks
            if block.type == _HELPER
        ]
    return problems


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Those that Terraform reads: the one that is named, or the home's own, and what lies in its folder."""
    home = Path(environ.get("HOME") or "~").expanduser()
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG")
    main = Path(named) if named else home / ".terraformrc"
    for file in (main, *sorted((home / ".terraform.d").glob("*.tfrc"))):
        if file.is_file():
            yield file
