"""The level of a run: the effective one, and the ones that may be set under the organization policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy


def effective_level(environment: Environment, policy: Policy, *others: Level) -> Level:
    """The strictest of the environment's level, the policy's minimum for it, and `others`.

    Raises:
        ConfigurationError: the environment's settings are invalid.
    """
    return Level.strictest(environment.level, policy.minimum(environment.folder.name), *others)


def set_level(environment: Environment, level: Level, policy: Policy) -> None:
    """Set the environment's level; all subsequent runs on the environment will require it.

    Raises:
        ConfigurationError: MFA is not enabled, the policy requires a stricter level, or the level cannot be saved.
    """
    if not policy.mfa:
        raise ConfigurationError(
            "MFA is not enabled for this organization, so no level can be set.", how_to_enable_mfa(policy)
        )
    name = environment.folder.name
    minimum = policy.minimum(name)
    if level.strictness < minimum.strictness:
        raise ConfigurationError(
            f'The level of "{environment.name}" must be at least "{minimum}". '
            f"Required by organization policy {policy.minimum_required_by(name)}.",
            f'Choose "{minimum}" or a stricter level.',
        )
    environment.set_level(level)


def how_to_enable_mfa(policy: Policy) -> str:
    """How MFA can be enabled, and by whom."""
    ask = f"Ask an owner ({', '.join(policy.owners)}) to enable it, or enable" if policy.owners else "Enable"
    files = [str(layer.path) for layer in policy.layers] or [str(path) for path in policy.search_paths[-1:]]
    return f"{ask} it with %tfmfa policy on, which writes {files[-1] if files else 'a policy'}."
