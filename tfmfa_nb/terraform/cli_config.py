"""Credentials helpers of the CLI configuration, which supply credentials other than the MFA session's.

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
    """The credentials helpers that the CLI configuration names.

    Args:
        environ: for `TF_CLI_CONFIG_FILE`, `TERRAFORM_CONFIG` and `HOME`.
    """
    problems = []
    for file in _files(environ):
        try:
            blocks, _ = parse(file.read_bytes(), str(file))
        except OSError:
            continue  # Terraform cannot read the file either
        problems += [
            Problem(
                f"The CLI configuration names a credentials helper ({' '.join(block.labels)}): "
                "a program that supplies other credentials.",
                "Remove it, or set TF_CLI_CONFIG_FILE to a configuration without it.",
                block.place,
                _HELPER,
            )
            for block in blocks
            if block.type == _HELPER
        ]
    return problems


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """The files that Terraform reads: the named one or ~/.terraformrc, then those in ~/.terraform.d."""
    home = Path(environ.get("HOME") or "~").expanduser()
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG")
    main = Path(named) if named else home / ".terraformrc"
    for file in (main, *sorted((home / ".terraform.d").glob("*.tfrc"))):
        if file.is_file():
            yield file
