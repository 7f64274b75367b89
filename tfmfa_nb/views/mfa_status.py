"""The text output of `%tfmfa`: the level of an environment, and the organization policy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.visible import say
from tfmfa_nb.protocol.words import LEVEL_MEANINGS
from tfmfa_nb.runs.audit.sinks import name_of
from tfmfa_nb.runs.gate.level_setting import how_to_enable_mfa
from tfmfa_nb.runs.gate.levels import default_level, effective_level, new_environment, protected_of, required_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.policy_audit import AuditRules
    from tfmfa_nb.organization.policy_minimums import Protected
    from tfmfa_nb.organization.trust_policies import TrustPolicies


def print_level(environment: Environment, policy: Policy, environ: Mapping[str, str]) -> None:
    """Print the level that holds for `environment`, its meaning, and the policy's minimum.

    Args:
        environment: the environment.
        policy: organization policy.
        environ: process environment, for the workspace.

    Raises:
        ConfigurationError: the environment's settings are invalid.
    """
    what = protected_of(environment, environ)
    level = effective_level(environment, policy, known=what)
    if not environment.files.private.exists() and (sentence := new_environment(environment)):
        say(sentence)
    say(f'AWS Multi-Factor Authentication of "{environment.name}": {level}. {LEVEL_MEANINGS[level]}')
    sentence = default_level(environment, policy, what)
    if sentence:
        say(sentence)
    if policy.minimum(what) is not Level.NEVER and f'"{policy.minimum(what)}"' not in sentence:
        say(minimum_text(policy, what))
    if not policy.mfa:
        say(f"MFA is not enabled for this organization. {how_to_enable_mfa(policy)}")


def minimum_text(policy: Policy, what: Protected) -> str:
    """The policy's minimum level for `what`, and the file that requires it."""
    return f'The level must be at least "{policy.minimum(what)}". {required_by(policy, what)}'


def print_policy(policy: Policy) -> None:
    """Print the effective policy, with the files that set each rule."""
    for line in policy_lines(policy):
        say(line)


def print_already_enabled(policy: Policy) -> None:
    """Print which files enable MFA, so that nothing has to be written."""
    files = ", ".join(str(layer.path) for layer in policy.layers if layer.mfa)
    say(f"MFA is already enabled by {files}. Nothing was written.")


def policy_lines(policy: Policy) -> list[str]:
    """The effective policy as text: one line for each rule, with the files that set it."""

    def source(key: str) -> str:
        files = policy.files_setting(key)
        return f"  (organization policy {', '.join(map(str, files))})" if files else ""

    shortest, longest = policy.session_bounds
    lines = [f"MFA: {'enabled' if policy.mfa else 'disabled (default)'}{source('mfa')}"]
    if not policy.mfa:
        lines.append(how_to_enable_mfa(policy))
    if policy.owners:
        lines.append(f"Owners: {', '.join(policy.owners)}{source('owners')}")
    if policy.mfa:
        by = source("default_level") or source("mfa")
        lines.append(f'Level of an environment for which nobody has set one: "{policy.default_level}"{by}')
    for layer in policy.layers:
        file = f"  (organization policy {layer.path})"
        lines += [f'Minimum level for {pattern}: "{level}"{file}' for pattern, level in layer.environments]
        lines += [f'Minimum level for {rule.describe()}: "{rule.level}"{file}' for rule in layer.minimums]
        lines += [f"Approvals for {rule.environments}: {rule.describe()}{file}" for rule in layer.approvals]
        lines += [f"Policy check {check.name}: {shlex.join(check.command)}{file}" for check in layer.policy_checks]
        lines += [f"Notification of {rule.describe()}{file}" for rule in layer.notifications]
        for name in ("accounts", "roles", "prompts", "endpoints", "programs", "providers", "process_variables"):
            if (allowed := getattr(layer, name)) is not None:
                lines.append(f"Allowed {name}: {', '.join(sorted(allowed)) or 'none'}{file}")
    lines.append(f"Session duration: {shortest} to {longest} seconds{source('session_seconds')}")
    lines.append(f"Local state: {'allowed' if policy.local_state else 'not allowed'}{source('local_state')}")
    if not policy.proxies:
        lines.append(f"Proxies and other certificate authorities for codes: not allowed{source('proxies')}")
    bypasses = sorted({name for layer in policy.layers for name in layer.bypasses or () if policy.allows_bypass(name)})
    if bypasses:
        lines.append(f"Allowed settings that bypass the MFA session: {', '.join(bypasses)}{source('bypasses')}")
    lines += _audit_lines(policy.audit, source)
    lines += [f"File in force: {path}, SHA-256 {sha256}" for path, sha256 in policy.files]
    return lines


def trust_policy_documents(policies: TrustPolicies, seconds: int) -> Iterator[tuple[str, str]]:
    """The policies for a role, ready to paste, each with its title. The stricter ones come last, as options.

    Args:
        policies: the policies.
        seconds: how old the authentication with MFA may be.
    """
    yield f"Trust policy for the role {policies.role_arn}, which requires MFA of the last {seconds:,} s", policies.trust
    yield f"Policy that allows {policies.principal} to assume it", policies.permission
    for option in policies.stricter:
        title = f"Option, so that CloudTrail names the person in each event: a trust policy with {option.what}"
        yield f"{title}. AWS then refuses the role to an assume_role block without {option.argument}", option.trust
        if option.permission != policies.permission:
            yield f"With it, the policy that allows {policies.principal} to assume the role", option.permission


def _audit_lines(rules: AuditRules, source: Callable[[str], str]) -> Iterator[str]:
    if rules.signing_key is not None:
        yield f"Signing key of the audit trail: {rules.signing_key}{source('signing_key')}"
    if rules.signers is not None:
        yield f"Allowed signers of the audit trail: {rules.signers}{source('signers')}"
    if rules.sinks:
        yield f"The audit trail also goes to: {', '.join(rules.sinks)}{source('sinks')}"
    for sink, path in rules.authorities.items():
        yield f"Certificate authorities of {name_of(sink)}: {path}{source('authorities')}"
