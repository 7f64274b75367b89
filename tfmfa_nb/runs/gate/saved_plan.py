"""Terraform's own word: what the saved plan says of its providers, held against what the configuration's text showed.

The plan's apply uses the providers that are saved in it, whatever the text says by then, and whatever its reader
understood. A difference is refused.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import MfaBypass
from tfmfa_nb.model.problems import Problem
from tfmfa_nb.runs.gate.unchanged import say_some
from tfmfa_nb.runs.gate.untouched import take_back
from tfmfa_nb.terraform.mfa_bypasses import SETTINGS, WEB_IDENTITY
from tfmfa_nb.terraform.planned_configuration import expected_files, planned_files
from tfmfa_nb.terraform.role_chains import Findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.planned_providers import PlannedProvider

_SETTINGS = frozenset({*SETTINGS, WEB_IDENTITY})
_REMEDY = "Remove it, and plan again: Terraform gets the credentials of the MFA session from environment variables."


async def check_saved_plan(driver: Driver, gate: Gate, executable: Executable) -> None:
    """Refuse a plan whose providers bypass the MFA session, or are not those that the configuration's text showed.

    Raises:
        MfaBypass: Terraform's plan names a setting that bypasses the MFA session, or a role that was not checked; or
            it names no providers at all.
        TerraformFailed: Terraform could not show the plan.
    """
    driver.begin("Checking the saved plan")
    plan = await driver.read_plan(executable, gate.environ)
    names = await asyncio.to_thread(_planned_otherwise, driver, gate, executable)
    if names and not gate.policy.allows_bypass("unreadable"):
        raise take_back(
            driver,
            MfaBypass(
                f"The plan was not made from what was checked: {say_some(names)}.",
                "Something changed the configuration while Terraform planned. Find out what, and plan again.",
            ),
        )
    if plan.providers is None:
        raise take_back(driver, _silent())
    for provider in plan.providers:
        for problem in contradictions(provider, driver.findings or Findings()):
            if not (problem.name and gate.policy.allows_bypass(problem.name)):
                raise take_back(driver, MfaBypass(problem.what, problem.remedy))


def _planned_otherwise(driver: Driver, gate: Gate, executable: Executable) -> list[str]:
    """The files of configuration that the plan has otherwise than they were inspected."""
    configuration = driver.read_configuration(executable, gate.environ)
    expected = expected_files(configuration, driver.inspected.parts)
    try:
        planned = planned_files(driver.store.files.plan)
    except ValueError:
        return ["the saved plan cannot be read"]
    places = sorted(place for place in expected.keys() | planned.keys() if expected.get(place) != planned.get(place))
    return ["/".join(filter(None, place)) for place in places]


def contradictions(provider: PlannedProvider, findings: Findings) -> Iterator[Problem]:
    """What Terraform says of a provider that bypasses the MFA session, or that the text did not show."""
    if not provider.is_aws:
        return
    said = f"Terraform's plan says that {provider.address}"
    for name in sorted(provider.literals & _SETTINGS):
        yield Problem(f"{said} sets `{name}`, which bypasses the MFA session.", _REMEDY, name=name)
    for name in sorted(provider.computed & _SETTINGS):
        if (provider.address, name) not in findings.declared:
            text = f"{said} sets `{name}`, but the configuration's files do not show it."
            yield Problem(text, "Plan again. If this remains, write the provider block in plain HCL.", name=name)
    for name in sorted(provider.network):
        if (provider.address, name) not in findings.declared:
            text = f"{said} sets `{name}`, but the configuration's files do not show it."
            yield Problem(text, "Plan again. If this remains, write the provider block in plain HCL.", name=name)
    known = {hop.role_arn for chain in findings.chains for hop in chain.hops}
    for role in sorted(provider.roles - known):
        text = f"{said} assumes the role {role}, but the configuration's files do not show it."
        yield Problem(text, "Plan again: only roles that are shown are checked.")


def _silent() -> MfaBypass:
    return MfaBypass(
        "Terraform did not say which providers its plan uses, so the MFA session may be bypassed.",
        "Plan again with %tfplan, with Terraform 1.0 or later.",
    )
