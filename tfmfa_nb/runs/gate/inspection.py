"""Checks the roles, credentials, and backend in a configuration against the run's level and the policy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError, MfaBypass
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.events import ConfigurationInspected, RolesChanged
from tfmfa_nb.runs.gate.roles import check_run_roles, refuse_other_roles, turn_red, unchecked_roles

if TYPE_CHECKING:
    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.model.problems import Problem
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.executable import Executable


async def inspect(driver: Driver, gate: Gate, executable: Executable) -> None:
    """Find the run's roles and bypasses, and refuse those that are not allowed.

    At the level `never`, only a policy without local state requires an inspection.

    Raises:
        MfaBypass: a setting bypasses the MFA session, and the policy does not allow it.
        ConfigurationError: the policy does not allow local state.
    """
    policy, level = gate.policy, driver.record.level
    if level is Level.NEVER and policy.local_state:
        driver.findings = None
        driver.tell(ConfigurationInspected((), ()))
        return
    findings = driver.findings = await asyncio.to_thread(
        driver.ports.terraform.inspect,
        driver.read_configuration(executable, gate.environ),
        executable=executable,
        environ=gate.environ,
        var=driver.options.var,
        var_files=driver.options.var_files(driver.base),
    )
    driver.tell(ConfigurationInspected(findings.chains, findings.bypasses))
    if not policy.local_state and findings.backend == "local":
        files = ", ".join(map(str, policy.files_setting("local_state")))
        raise ConfigurationError(
            f"The configuration keeps its state on this machine, which is not allowed (organization policy {files}).",
            "Configure a shared backend, such as s3.",
        )
    if level is not Level.NEVER:
        for bypass in (*findings.unreadable, *findings.bypasses, *findings.unknown_providers):
            if not policy.allows_bypass(bypass.name):
                raise turn_red(driver, MfaBypass(told(bypass), bypass.remedy))


async def inspect_again(driver: Driver, gate: Gate, executable: Executable, session: MfaSession | None) -> None:
    """Inspect the configuration again after `init`, which may have installed modules with their own providers.

    Raises:
        MfaBypass, ConfigurationError, RoleRefused: the configuration is not allowed.
    """
    before = driver.record.chains
    await inspect(driver, gate, executable)
    chains = driver.record.chains
    if session is not None and chains != before:
        driver.roles = unchecked_roles(chains)
        driver.tell(RolesChanged(driver.roles))
        refuse_other_roles(driver, chains, gate.policy)
        await check_run_roles(driver, gate.aws, session, chains)


def problems_of(driver: Driver) -> list[str]:
    """What remains unknown about the configuration, one sentence each."""
    problems = driver.findings.problems if driver.findings else ()
    return [told(problem) for problem in problems]


def told(problem: Problem) -> str:
    """A problem in one sentence, after its place."""
    return f"{problem.place}: {problem.what}" if problem.place else problem.what
