"""Which level holds for a run, and which may be set: the organization's policy and the environment's own setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level

if TYPE_CHECKING:
    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy


def effective_level(environment: Environment, policy: Policy, *others: Level) -> Level:
    """The strictest of the environment's setting, the policy's minimum for it, and `others`.

    Raises:
        ConfigurationError: the environment's settings cannot be understood.
    """
    return Level.strictest(environment.level, policy.minimum(environment.folder.name), *others)


def set_level(environment: Environment, level: Level, policy: Policy) -> None:
    """Keep `level` with the environment; all subsequent runs on it will require it.

    Raises:
        ConfigurationError: MFA is switched off, the policy demands more, or it cannot be written.
    """
    if not policy.mfa:
        raise ConfigurationError(
            "MFA is switched off for this organization, so no level can be set.", how_to_enable_mfa(policy)
        )
    minimum = policy.minimum(environment.folder.name)
    if level.strictness < minimum.strictness:
        raise ConfigurationError(
            f'The organization requires at least "{minimum}" for "{environment.name}" '
            f"(says {policy.minimum_required_by(environment.folder.name)}).",
            f'Choose "{minimum}" or a stricter level.',
        )
    environment.set_level(level)


def how_to_enable_mfa(policy: Policy) -> str:
    """Who can switch MFA on, and how."""
    owners = f"Ask an owner ({', '.join(policy.owners)}), or switch" if policy.owners else "Switch"
    files = [str(layer.path) for layer in policy.layers] or [str(place) for place in policy.search_paths[-1:]]
    return f"{owners} it on with %tfmfa policy on, which writes {files[-1] if files else 'a policy'}."
