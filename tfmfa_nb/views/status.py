"""What `%tfmfa` says: who will run Terraform, what is missing, and the environment's level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.origins import origins
from tfmfa_nb.organization.sources import origin
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.protocol.words import LEVEL_MEANINGS
from tfmfa_nb.runs.gate.levels import effective_level, how_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy


def say_level(environment: Environment, policy: Policy) -> None:
    """Print the environment's level, what it means, and who demands it."""
    level, demanded = effective_level(environment, policy), policy.minimum(environment.folder.name)
    print(f'AWS Multi-Factor Authentication of "{environment.name}": {level}. {LEVEL_MEANINGS[level]}')  # noqa: T201
    if demanded is not Level.NEVER:
        where = policy.minimum_said_by(environment.folder.name)
        print(f'The organization requires at least "{demanded}" (says {where}).')  # noqa: T201
    if not policy.mfa:
        print(f"MFA is switched off for this organization. {how_to(policy)}")  # noqa: T201


def say_policy(policy: Policy) -> None:
    """Print the effective policy, and which file says what."""
    for line in policy_lines(policy):
        print(line)  # noqa: T201


def policy_lines(policy: Policy) -> list[str]:
    """The effective policy as text, a line for each rule, with the files that it comes from."""

    def said(key: str) -> str:
        return f"  (says {', '.join(map(str, files))})" if (files := policy.said_by(key)) else ""

    shortest, longest = policy.session_bounds
    lines = [f"MFA: {'on' if policy.mfa else 'off, the default'}{said('mfa')}"]
    if not policy.mfa:
        lines.append(how_to(policy))
    if policy.owners:
        lines.append(f"Owners: {', '.join(policy.owners)}{said('owners')}")
    for layer in policy.layers:
        lines += [f'At least "{level}" for {pattern}  (says {layer.path})' for pattern, level in layer.environments]
        lines += [f"Accounts: {', '.join(sorted(layer.accounts))}  (says {layer.path})"] if layer.accounts else []
        lines += [f"Roles: {', '.join(layer.roles)}  (says {layer.path})"] if layer.roles else []
    lines.append(f"Sessions: {shortest} to {longest} seconds{said('session_seconds')}")
    lines.append(f"Local state: {'allowed' if policy.local_state else 'not allowed'}{said('local_state')}")
    allowed = sorted({name for layer in policy.layers for name in layer.bypasses or () if policy.allows_bypass(name)})
    lines += [f"Allowed beside the MFA session: {', '.join(allowed)}{said('bypasses')}"] if allowed else []
    return lines


def say_variables(environ: Mapping[str, str], profile: str) -> None:
    """Print where the organization variables come from, or what they lack, in a line."""
    try:
        variables = read_variables(environ, profile)
    except ConfigurationError as error:
        print(f"Organization variables: {error}")  # noqa: T201
    else:
        print(  # noqa: T201
            f"Organization variables: access key …{variables.access_key_id[-4:]}, "
            f"MFA device {variables.serial_number}, from {origin(variables.source)}"
        )


def say_origins(environ: Mapping[str, str], profile: str) -> None:
    """Print where each organization variable comes from, and what is wrong with them."""
    found, problem = origins(environ, profile)
    for each in found:
        print(f"{each.name}: {each.words}")  # noqa: T201
    if problem:
        print(problem)  # noqa: T201
