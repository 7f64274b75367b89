"""All checks of the doctor, in the order in which they depend on each other."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.doctor.aws_checks import check_account
from tfmfa_nb.doctor.environment_checks import check_environment, findings_of
from tfmfa_nb.doctor.finding import Finding, Severity
from tfmfa_nb.doctor.floor_checks import check_endpoint, check_floor
from tfmfa_nb.doctor.local_checks import (
    check_extension,
    check_front_end,
    check_network_variables,
    check_policy,
    check_process_environment,
    check_provider,
    check_saved_plans,
)
from tfmfa_nb.model.errors import ConfigurationError, TfmfaError
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.organization.variable_sources import describe_source
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.role_chains import Findings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.terraform.executable import Executable


async def examine(
    environ: Mapping[str, str],
    profile: str = "",
    environment: Environment | None = None,
    organization_policy: Callable[[], Policy] | None = None,
) -> AsyncIterator[Finding]:
    """Run all checks, and yield each finding as soon as it is available.

    Args:
        environ: process environment.
        profile: AWS profile that holds the organization variables; "" for none.
        environment: environment whose settings and configuration are checked too.
        organization_policy: reads the organization policy; None to look where `environ` says.
    """
    executable, finding = await asyncio.to_thread(_terraform, environ)
    yield finding
    yield check_provider(environ)
    around = (*check_process_environment(environ), *check_network_variables(environ), check_saved_plans())
    for finding in (*check_front_end(), check_extension(), *around):
        yield finding
    policy, finding = check_policy(organization_policy or partial(read_policy, environ))
    yield finding
    findings: Findings | None = None
    if environment is not None:
        findings = await asyncio.to_thread(findings_of, environment, executable, environ)
        for finding in await asyncio.to_thread(check_environment, environment, policy, environ, findings):
            yield finding
    if policy is not None:
        for finding in check_floor(policy, executable, environ, findings or Findings()):
            yield finding
    try:
        variables = await asyncio.to_thread(read_variables, environ, profile)  # the OS may ask to unlock the keychain
    except ConfigurationError as error:
        yield Finding("organization variables", Severity.ERROR, error.problem, error.remedy)
        return
    chains = findings.chains if findings else ()
    note = variables.note_on_roles({hop.role_arn for chain in chains for hop in chain.hops})
    text = f"from {describe_source(variables.source)}. {note}".rstrip()
    yield Finding("organization variables", Severity.WARNING if note else Severity.OK, text)
    if policy is not None:
        yield (endpoint := check_endpoint(policy, variables.endpoint))
        if endpoint.severity is Severity.ERROR:
            return  # nothing is signed for a stranger
    async for finding in check_account(variables, policy, chains):
        yield finding


def _terraform(environ: Mapping[str, str]) -> tuple[Executable | None, Finding]:
    try:
        executable = find_executable(environ)
    except TfmfaError as error:
        return None, Finding("Terraform", Severity.ERROR, error.problem, error.remedy)
    return executable, Finding("Terraform", Severity.OK, f"{executable.product} {executable.version}.")
