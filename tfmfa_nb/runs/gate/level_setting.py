"""Changes of an environment's level and of the organization policy, each a line in the audit trail."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy_files import enable_mfa
from tfmfa_nb.organization.policy_places import policy_folders
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.gate.levels import protected_of, required_by
from tfmfa_nb.runs.gate.os_user import os_user

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.model.levels import Level
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.policy_audit import AuditRules

_NOTHING: Mapping[str, str] = MappingProxyType({})


def set_level(environment: Environment, level: Level, policy: Policy, environ: Mapping[str, str] = _NOTHING) -> None:
    """Set the environment's level; all subsequent runs on the environment will require it.

    The audit trail records it, also before the first run.

    Args:
        environment: the environment.
        level: level to set.
        policy: organization policy, with its minimum for what the environment's folder tells.
        environ: process environment, for the workspace.

    Raises:
        ConfigurationError: MFA is not enabled, the policy requires a stricter level, or the level cannot be saved or
            recorded.
    """
    if not policy.mfa:
        raise ConfigurationError(
            "MFA is not enabled for this organization, so no level can be set.", how_to_enable_mfa(policy)
        )
    what = protected_of(environment, environ)
    minimum = policy.minimum(what)
    if level.strictness < minimum.strictness:
        raise ConfigurationError(
            f'The level of "{environment.name}" must be at least "{minimum}". {required_by(policy, what)}',
            f'Choose "{minimum}" or a stricter level.',
        )
    old = environment.level or policy.default_level
    _record(environment, policy.audit, "level", old=str(old), new=str(level))
    environment.set_level(level)


def set_policy(environment: Environment, environ: Mapping[str, str], policy: Policy) -> Path:
    """Write a policy of the user's own that enables MFA; see `enable_mfa`. The audit trail, if any, records it.

    Args:
        environment: environment of the trail.
        environ: process variables that say where policies are.
        policy: organization policy in force.

    Raises:
        ConfigurationError: the policy cannot be written or recorded.
    """
    path = enable_mfa(policy_folders(environ).own, os_user())
    if AuditTrail(environment.files.audit_trail).begun:
        _record(environment, policy.audit, "policy", path=str(path), mfa=True)
    return path


def how_to_enable_mfa(policy: Policy) -> str:
    """How MFA can be enabled, and by whom."""
    ask = f"Ask an owner ({', '.join(policy.owners)}) to enable it, or enable" if policy.owners else "Enable"
    files = [str(layer.path) for layer in policy.layers] or [str(path) for path in policy.search_paths[-1:]]
    return f"{ask} it with %tfmfa policy on, which writes {files[-1] if files else 'a policy'}."


def _record(environment: Environment, rules: AuditRules, event: str, **facts: Any) -> None:
    """Write a line about the environment's settings."""
    environment.ensure()
    AuditTrail(environment.files.audit_trail, rules).write(event, **facts, user=os_user())
