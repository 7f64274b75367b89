"""Checks the roles, credentials, and backend in a configuration against the run's level and the policy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError, MfaBypass
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.events import ConfigurationInspected
from tfmfa_nb.runs.gate.bypasses import bypasses_not_allowed
from tfmfa_nb.runs.gate.key_owner import check_default_account
from tfmfa_nb.runs.gate.known_session import known_session
from tfmfa_nb.runs.gate.levels import protected_of, raise_level
from tfmfa_nb.runs.gate.line import refuse_secrets_on_the_line
from tfmfa_nb.runs.gate.roles import refuse_other_roles, refuse_what_is_no_role, turn_red
from tfmfa_nb.runs.gate.unchanged import inspected_of

if TYPE_CHECKING:
    from tfmfa_nb.model.problems import Problem
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.executable import Executable


async def inspect(driver: Driver, gate: Gate, executable: Executable) -> None:
    """Find the run's roles and bypasses, and refuse those that are not allowed.

    The policy may require a stricter level for what is found. At the level `never`, only a policy that asks about the
    configuration requires an inspection.

    Raises:
        MfaBypass: a setting bypasses the MFA session, and the policy does not allow it.
        RoleRefused: a role is none, or the policy does not allow it or its account.
        ConfigurationError: the policy does not allow the program or local state; or an option has a secret in it.
    """
    driver.begin("Checking the configuration")
    policy = gate.policy
    _refuse_program(policy, executable)
    known = protected_of(driver.environment, gate.environ)
    if policy.asks_about_account and driver.record.level is not Level.PLANS_AND_APPLIES:
        account = await check_default_account(driver, gate.aws, policy, gate.environ)
        known = known.and_account(account) if account else known.and_any_role()
    # One reading for the hash and for what is found: a file that changes between two would be taken for checked.
    configuration = driver.read_configuration(executable, gate.environ)
    driver.inspected = await asyncio.to_thread(inspected_of, driver, gate, configuration)
    refuse_secrets_on_the_line(driver, configuration)
    if driver.record.level is Level.NEVER and not policy.asks_about_configuration:
        driver.findings = None
        driver.tell(ConfigurationInspected((), ()))
        return
    findings = driver.findings = await asyncio.to_thread(
        driver.ports.terraform.inspect,
        configuration,
        executable=executable,
        environ=gate.environ,
        variables=driver.options.variable_arguments(driver.base),
        session=await known_session(driver, gate.environ, gate.profile),
        backend=driver.options.backend_arguments(driver.base),
    )
    driver.tell(ConfigurationInspected(findings.chains, findings.bypasses, findings.other_phase))
    for problem in findings.phase_notes():
        driver.note(told(problem))
    refuse_what_is_no_role(driver, findings.chains)
    arns = [hop.role_arn for chain in findings.chains for hop in chain.hops if hop.role_arn]
    # All of it at once: one rule may be about the account of the key and about the state.
    known = known.and_roles(arns).and_state("", findings.backend_key, findings.backend_prefix)
    # Nobody knows whose credentials the configuration brings, nor which account a role is in that is not known.
    unknown = any(hop.role_arn is None for chain in findings.chains for hop in chain.hops)
    if findings.bypasses or findings.profiles or unknown:
        known = known.and_any_role()
    raise_level(driver, policy, known)
    if not policy.local_state and findings.backend == "local":
        files = ", ".join(map(str, policy.files_setting("local_state")))
        raise ConfigurationError(
            f"The configuration keeps its state on this machine, which is not allowed (organization policy {files}).",
            "Configure a shared backend, such as s3.",
        )
    refuse_other_roles(driver, findings.chains, policy)
    # The account of credentials in the configuration is not known: where accounts are limited, none are allowed.
    if driver.record.level is not Level.NEVER or policy.limits_accounts:
        for bypass in bypasses_not_allowed(
            findings, driver.environment.folder, policy, gate.environ, executable.product
        ):
            raise turn_red(driver, MfaBypass(told(bypass), bypass.remedy))
    # With a code, there are no profiles; without one, nobody knows of which account it is.
    if driver.record.level is Level.NEVER and policy.limits_accounts:
        for profile in findings.profiles:
            raise turn_red(driver, MfaBypass(told(profile), profile.remedy))


def _refuse_program(policy: Policy, executable: Executable) -> None:
    if not policy.allows_program(str(executable.file)):
        files = ", ".join(map(str, policy.files_setting("programs")))
        raise ConfigurationError(
            f"{executable.file} may not run as Terraform (organization policy {files}).",
            "Set TFMFA_TERRAFORM to an allowed program.",
        )


def notes_of(driver: Driver) -> list[str]:
    """What a person should know about the configuration: what remains unknown, and which programs it runs."""
    findings = driver.findings
    return [told(each) for each in findings.notes()] if findings else []


def told(problem: Problem) -> str:
    """A problem in one sentence, after its place."""
    return f"{problem.place}: {problem.what}" if problem.place else problem.what
