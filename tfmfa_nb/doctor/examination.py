"""The examination, in the order in which things depend on each other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.doctor.account import look_at_account
from tfmfa_nb.doctor.finding import Finding, State
from tfmfa_nb.doctor.machine import look_at_front_end, look_at_provider, look_at_surroundings
from tfmfa_nb.model.errors import ConfigurationError, TfmfaError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.files import read_policy
from tfmfa_nb.organization.sources import origin
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.runs.gate.levels import effective_level, how_to
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.role_chains import Findings, find_chains

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.terraform.executable import Executable


async def examine(
    environ: Mapping[str, str], profile: str = "", environment: Environment | None = None
) -> AsyncIterator[Finding]:
    """Look at everything, and tell each finding as soon as it is there.

    Args:
        environ: the process environment.
        profile: the AWS profile that holds the organization variables; "" for none.
        environment: whose settings and configuration are looked at too.
    """
    executable, finding = await asyncio.to_thread(_terraform, environ)
    yield finding
    yield look_at_provider(environ)
    for finding in (*look_at_front_end(), *look_at_surroundings(environ)):
        yield finding
    policy, finding = _policy(environ)
    yield finding
    findings = Findings()
    if environment is not None:
        yield _level(environment, policy)
        if executable is not None:
            configuration = Configuration(environment.folder, executable.product, environ)
            findings = await asyncio.to_thread(find_chains, configuration, executable=executable, environ=environ)
        for finding in _configuration(findings):
            yield finding
    try:
        variables = await asyncio.to_thread(read_variables, environ, profile)  # a keychain may have to be unlocked
    except ConfigurationError as error:
        yield Finding("organization variables", State.BAD, error.problem, error.remedy)
        return
    yield Finding("organization variables", State.GOOD, f"from {origin(variables.source)}.")
    async for finding in look_at_account(variables, policy, findings.chains):
        yield finding


def _terraform(environ: Mapping[str, str]) -> tuple[Executable | None, Finding]:
    try:
        executable = find_executable(environ)
    except TfmfaError as error:
        return None, Finding("Terraform", State.BAD, error.problem, error.remedy)
    return executable, Finding("Terraform", State.GOOD, f"{executable.product} {executable.version}.")


def _policy(environ: Mapping[str, str]) -> tuple[Policy | None, Finding]:
    try:
        policy = read_policy(environ)
    except ConfigurationError as error:
        return None, Finding("policy", State.BAD, error.problem, error.remedy)
    if not policy.mfa:
        return policy, Finding("policy", State.WARNING, "MFA is switched off for this organization.", how_to(policy))
    files = ", ".join(map(str, policy.said_by("mfa")))
    return policy, Finding("policy", State.GOOD, f"MFA is switched on (says {files}).")


def _level(environment: Environment, policy: Policy | None) -> Finding:
    subject = f'environment "{environment.name}"'
    if policy is None:
        return Finding(subject, State.BAD, "its level depends on the policy, which cannot be read.")
    try:
        level = effective_level(environment, policy)
    except ConfigurationError as error:
        return Finding(subject, State.BAD, error.problem, error.remedy)
    if level is Level.NEVER:
        remedy = f'Set one: %tfmfa level "applies only" -e {environment.name}'
        return Finding(subject, State.WARNING, "neither plans nor applies ask for a code.", remedy)
    return Finding(subject, State.GOOD, f"level {level}.")


def _configuration(findings: Findings) -> list[Finding]:
    found = [Finding("configuration", State.BAD, f"{b.place}: {b.what}", b.remedy) for b in findings.bypasses]
    found += [
        Finding("configuration", State.WARNING, f"{p.place}: {p.what}" if p.place else p.what, p.remedy)
        for p in findings.problems
    ]
    if not found:
        roles = sum(len(chain.hops) for chain in findings.chains)
        text = f"nothing passes MFA by; {roles} {'role' if roles == 1 else 'roles'} will be assumed."
        found.append(Finding("configuration", State.GOOD, text))
    return found
