"""Checks of an environment: its level, its folder, and its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.doctor.finding import Finding, Severity
from tfmfa_nb.doctor.leftover_checks import check_disk_use, check_leftovers
from tfmfa_nb.doctor.version_control import check_version_control
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.runs.gate.bypasses import bypasses_not_allowed
from tfmfa_nb.runs.gate.levels import default_level, effective_level, protected_of
from tfmfa_nb.runs.history.confirmation import confirmation_of
from tfmfa_nb.runs.run_ids import run_ids
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.role_chains import Findings, find_chains

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.problems import Problem
    from tfmfa_nb.terraform.executable import Executable


def findings_of(environment: Environment, executable: Executable | None, environ: Mapping[str, str]) -> Findings | None:
    """What the environment's configuration says; None if there is none, or no Terraform, which evaluates it."""
    if executable is None or not environment.has_configuration:
        return None
    configuration = Configuration(environment.folder, executable.product, environ, version=executable.version)
    return find_chains(configuration, executable=executable, environ=environ)


def check_environment(
    environment: Environment, policy: Policy | None, environ: Mapping[str, str], findings: Findings | None
) -> list[Finding]:
    """The findings about an environment.

    Args:
        environment: the environment.
        policy: organization policy; None if it cannot be read.
        environ: process environment.
        findings: what its configuration says; None if it was not read.
    """
    return [
        _level(environment, policy, environ),
        _audit_trail(environment),
        check_leftovers(environment),
        check_disk_use(environment),
        check_version_control(environment.folder),
        *_configuration(findings, environment, policy or Policy(), environ),
    ]


def _level(environment: Environment, policy: Policy | None, environ: Mapping[str, str]) -> Finding:
    subject = f'environment "{environment.name}"'
    if policy is None:
        return Finding(subject, Severity.ERROR, "its level depends on the organization policy, which cannot be read.")
    try:
        what = protected_of(environment, environ)
        level = effective_level(environment, policy, known=what)
    except ConfigurationError as error:
        return Finding(subject, Severity.ERROR, error.problem, error.remedy)
    if level is Level.NEVER:
        remedy = f'Set one: %tfmfa level "applies only" {environment.option}'
        return Finding(subject, Severity.WARNING, "neither plans nor applies require a code.", remedy)
    needed = policy.approvals_of(what)
    approvals = f" Approvals before an apply: {needed.count}." if needed is not None else ""
    return Finding(
        subject, Severity.OK, f"level {level}. {default_level(environment, policy, what)}".rstrip() + approvals
    )


def _configuration(
    findings: Findings | None, environment: Environment, policy: Policy, environ: Mapping[str, str]
) -> list[Finding]:
    if findings is None:
        text = "no Terraform evaluates it." if environment.has_configuration else "there is none yet."
        return [Finding("configuration", Severity.NOT_CHECKED, text)]
    refused = bypasses_not_allowed(findings, environment.folder, policy, environ)
    results = [_problem(Severity.ERROR, bypass) for bypass in refused]
    results += [_problem(Severity.WARNING, program) for program in findings.programs]
    results += [_problem(Severity.WARNING, problem) for problem in findings.problems]
    if not results:
        roles = sum(len(chain.hops) for chain in findings.chains)
        text = f"no settings bypass the MFA session; {roles} {'role' if roles == 1 else 'roles'} will be assumed."
        text += " Whether you may, AWS says once there is a code." if roles else ""
        results.append(Finding("configuration", Severity.OK, text))
    return results


def _problem(severity: Severity, problem: Problem) -> Finding:
    text = f"{problem.place}: {problem.what}" if problem.place else problem.what
    return Finding("configuration", severity, text, problem.remedy)


def _audit_trail(environment: Environment) -> Finding:
    """The finding about the environment's audit trail, and whether it confirms the records of the runs."""
    try:
        found = confirmation_of(environment, run_ids(environment), whole=True)
    except ConfigurationError as error:
        return Finding("audit trail", Severity.ERROR, error.problem, error.remedy)
    if found.sentences:
        remedy = found.problem.remedy if found.problem is not None else "Do not rely on such a record."
        return Finding("audit trail", Severity.ERROR, " ".join(found.sentences), remedy)
    if found.torn:
        return Finding("audit trail", Severity.WARNING, found.torn, "Nothing is lost but that line.")
    if not found.lines:
        return Finding("audit trail", Severity.OK, "the first run begins it.")
    agrees = "it agrees with the" if found.witnessed else "there is no"
    lines = "1 line" if found.lines == 1 else f"{found.lines:,} lines"
    text = f"{lines}, each with the hash of the one before; {agrees} record of this trail on this machine."
    return Finding("audit trail", Severity.OK, text)
