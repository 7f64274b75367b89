"""All checks of the doctor, in the order in which they depend on each other."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.doctor.aws_checks import check_account
from tfmfa_nb.doctor.finding import Finding, Severity
from tfmfa_nb.doctor.local_checks import (
    check_audit_trail,
    check_front_end,
    check_policy,
    check_process_environment,
    check_provider,
)
from tfmfa_nb.model.errors import ConfigurationError, TfmfaError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.organization.variable_sources import describe_source
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.runs.gate.levels import effective_level, protected_of
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.role_chains import Findings, find_chains

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.problems import Problem
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
    for finding in (*check_front_end(), *check_process_environment(environ)):
        yield finding
    policy, finding = check_policy(organization_policy or partial(read_policy, environ))
    yield finding
    findings = Findings()
    if environment is not None:
        yield _level(environment, policy, environ)
        yield check_audit_trail(environment)
        if executable is not None:
            product, version = executable.product, executable.version
            configuration = Configuration(environment.folder, product, environ, version=version)
            findings = await asyncio.to_thread(find_chains, configuration, executable=executable, environ=environ)
        for finding in _configuration(findings):
            yield finding
    try:
        variables = await asyncio.to_thread(read_variables, environ, profile)  # the OS may ask to unlock the keychain
    except ConfigurationError as error:
        yield Finding("organization variables", Severity.ERROR, error.problem, error.remedy)
        return
    yield Finding("organization variables", Severity.OK, f"from {describe_source(variables.source)}.")
    async for finding in check_account(variables, policy, findings.chains):
        yield finding


def _terraform(environ: Mapping[str, str]) -> tuple[Executable | None, Finding]:
    try:
        executable = find_executable(environ)
    except TfmfaError as error:
        return None, Finding("Terraform", Severity.ERROR, error.problem, error.remedy)
    return executable, Finding("Terraform", Severity.OK, f"{executable.product} {executable.version}.")


def _level(environment: Environment, policy: Policy | None, environ: Mapping[str, str]) -> Finding:
    subject = f'environment "{environment.name}"'
    if policy is None:
        return Finding(subject, Severity.ERROR, "its level depends on the organization policy, which cannot be read.")
    try:
        level = effective_level(environment, policy, known=protected_of(environment, environ))
    except ConfigurationError as error:
        return Finding(subject, Severity.ERROR, error.problem, error.remedy)
    if level is Level.NEVER:
        remedy = f'Set one: %tfmfa level "applies only" -e {environment.name}'
        return Finding(subject, Severity.WARNING, "neither plans nor applies require a code.", remedy)
    return Finding(subject, Severity.OK, f"level {level}.")


def _configuration(findings: Findings) -> list[Finding]:
    refused = (*findings.unreadable, *findings.bypasses, *findings.unknown_providers)
    results = [_problem(Severity.ERROR, bypass) for bypass in refused]
    results += [_problem(Severity.WARNING, problem) for problem in findings.problems]
    if not results:
        roles = sum(len(chain.hops) for chain in findings.chains)
        text = f"no settings bypass the MFA session; {roles} {'role' if roles == 1 else 'roles'} will be assumed."
        results.append(Finding("configuration", Severity.OK, text))
    return results


def _problem(severity: Severity, problem: Problem) -> Finding:
    text = f"{problem.place}: {problem.what}" if problem.place else problem.what
    return Finding("configuration", severity, text, problem.remedy)
