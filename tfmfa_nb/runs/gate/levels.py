"""The level of a run: the effective one, and the ones that may be set under the organization policy."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments.atomic_files import usable
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy_files import enable_mfa
from tfmfa_nb.organization.policy_minimums import Protected
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.events import LevelChanged
from tfmfa_nb.runs.gate.os_user import os_user
from tfmfa_nb.terraform.working_directory import data_folder, selected_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.organization.policy_audit import AuditRules
    from tfmfa_nb.runs.driver import Driver

_NOTHING: Mapping[str, str] = MappingProxyType({})


def protected_of(environment: Environment, environ: Mapping[str, str] = _NOTHING) -> Protected:
    """What a run on `environment` touches, as far as it is known before the configuration is read.

    Args:
        environment: the environment, whose folder may not exist yet.
        environ: process environment of Terraform, for `TF_WORKSPACE` and `TF_DATA_DIR`.

    Raises:
        ConfigurationError: the file with the selected workspace cannot be read.
    """
    folder = environment.folder
    with usable(data_folder(folder, environ) / "environment"):
        return Protected(environment.name, folder.resolve(), selected_workspace(folder, environ))


def effective_level(environment: Environment, policy: Policy, *others: Level, known: Protected | None = None) -> Level:
    """The strictest of the environment's level, the policy's minimum for it, and `others`.

    Args:
        environment: the environment.
        policy: organization policy.
        others: levels that hold too.
        known: what the run touches, as far as it is known; None for what the environment's folder tells.

    Raises:
        ConfigurationError: the environment's settings are invalid.
    """
    return Level.strictest(environment.level, policy.minimum(known or protected_of(environment)), *others)


def raise_level(driver: Driver, policy: Policy, known: Protected) -> bool:
    """Raise the level of a run to the minimum for what is known by now. It never becomes lower.

    Args:
        driver: driver of the run, whose card and log say which file requires the level.
        policy: organization policy.
        known: what the run touches.

    Returns:
        True if the level was raised, so that a phase that needed no code may need one.
    """
    minimum = policy.minimum(known)
    if minimum.strictness <= driver.record.level.strictness:
        return False
    driver.tell(LevelChanged(minimum))
    driver.note(f'The level of this run is "{minimum}". {required_by(policy, known)}')
    return True


def required_by(policy: Policy, what: Protected) -> str:
    """The sentence that names the file with the minimum level of `what`."""
    return f"Required by organization policy {policy.minimum_required_by(what)}."


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
    old = environment.level
    _record(environment, policy.audit, "level", old=str(old), new=str(level))
    environment.set_level(level)


def set_policy(environment: Environment, folder: Path, policy: Policy) -> Path:
    """Write a policy that enables MFA into `folder`; see `enable_mfa`. The audit trail, if there is one, records it.

    Args:
        environment: environment of the trail.
        folder: folder of the new policy.
        policy: organization policy in force.

    Raises:
        ConfigurationError: the policy cannot be written or recorded.
    """
    path = enable_mfa(folder, os_user())
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
