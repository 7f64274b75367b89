"""What may bypass the MFA session: around Terraform, in its folder, and in the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.runs.gate.network import ways_not_allowed
from tfmfa_nb.runs.gate.shared_folders import shared_folder
from tfmfa_nb.terraform.foreign_programs import foreign_programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tfmfa_nb.model.problems import Problem
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.terraform.role_chains import Findings


def bypasses_not_allowed(
    findings: Findings, folder: Path, policy: Policy, environ: Mapping[str, str], product: str = ""
) -> Iterator[Problem]:
    """What the policy does not allow by its name.

    Args:
        findings: what the configuration says.
        folder: the environment's folder.
        policy: organization policy.
        environ: process environment.
        product: "terraform" or "tofu", whose CLI configuration counts; "" for both.
    """
    programs = foreign_programs(folder, environ, product)
    around = (*shared_folder(folder), *programs, *ways_not_allowed(findings, policy, environ))
    for bypass in (*around, *findings.unreadable, *findings.bypasses):
        if not policy.allows_bypass(bypass.name):
            yield bypass
    yield from (each for each in findings.unknown_providers if not policy.allows_provider(each.name))
