"""What a run's configuration says about roles, credentials and state, held against its level and the policy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError, MfaBypass
from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.gate.roles import check_run_roles, refuse_other_roles, shown_roles, turn_red
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.role_chains import Findings, find_chains

if TYPE_CHECKING:
    from tfmfa_nb.authentication.session import MfaSession
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.executable import Executable


async def inspect(run: Run, gate: Gate, executable: Executable) -> None:
    """Find the run's roles and bypasses, and refuse what may not be; at `never` nothing is looked at.

    Raises:
        MfaBypass: something would use other credentials than the MFA session's, and the policy does not allow it.
        ConfigurationError: the policy does not allow state on this machine.
    """
    policy = gate.policy
    if Level(run.level) is Level.NEVER and policy.local_state:
        run._findings = None
        return
    findings = run._findings = await asyncio.to_thread(
        find_chains,
        Configuration(run._environment.folder, executable.product, gate.environ),
        executable=executable,
        environ=gate.environ,
        var=run._options.var,
        var_files=run._options.var_files(run._base),
    )
    if not policy.local_state and findings.backend == "local":
        files = ", ".join(map(str, policy.said_by("local_state")))
        raise ConfigurationError(
            f"The configuration keeps its state on this machine, which the organization does not allow (says {files}).",
            "Configure a backend that your team shares, such as s3.",
        )
    if Level(run.level) is not Level.NEVER:
        for bypass in findings.bypasses:
            if not policy.allows_bypass(bypass.name):
                raise turn_red(run, MfaBypass(f"{bypass.place}: {bypass.what}", bypass.remedy))


async def inspect_again(run: Run, gate: Gate, executable: Executable, session: MfaSession | None) -> None:
    """After `init`, which may have fetched modules with providers of their own.

    Raises:
        MfaBypass, ConfigurationError, RoleRefused: as before the first look.
    """
    before = run._findings or Findings()
    await inspect(run, gate, executable)
    chains = (run._findings or Findings()).chains
    if session is not None and chains != before.chains:
        run.roles = shown_roles(chains)
        refuse_other_roles(run, chains, gate.policy)
        await check_run_roles(run, session, chains)


def problems_of(run: Run) -> list[str]:
    """What could not be known about the configuration, as sentences for the person."""
    problems = run._findings.problems if run._findings else ()
    return [f"{problem.place}: {problem.what}" if problem.place else problem.what for problem in problems]
