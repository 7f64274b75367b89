"""What `%tfmfa` shows: who will run Terraform, what is missing, and the environment's level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.errors import ConfigurationError
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.runs.levels import effective_level, how_to, set_level
from tfmfa_nb.words import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy

MEANING = {
    Level.NEVER: "Plans and applies run without a code.",
    Level.APPLIES_ONLY: "Plans run without a code; every apply asks for one.",
    Level.PLANS_AND_APPLIES: "Every plan asks for a code, and every apply for another one.",
}


def say_level(environment: Environment, policy: Policy) -> None:
    """Print the environment's level, what it means, and who demands it."""
    level, demanded = effective_level(environment, policy), policy.minimum(environment.folder.name)
    print(f'AWS Multi-Factor Authentication of "{environment.name}": {level}. {MEANING[level]}')  # noqa: T201
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


def show_status(
    shell: InteractiveShell, environment: Environment, policy: Policy, environ: Mapping[str, str], profile: str
) -> None:
    """Print the organization variables' origin, or what they lack, and the level; with its form where one works."""
    try:
        variables = read_variables(environ, profile)
    except ConfigurationError as error:
        print(f"Organization variables: {error}")  # noqa: T201
    else:
        print(  # noqa: T201
            f"Organization variables: access key …{variables.access_key_id[-4:]}, "
            f"MFA device {variables.serial_number}, from the {variables.source}"
        )
    say_level(environment, policy)
    kernel = getattr(shell, "kernel", None)
    if kernel is None or not kernel.get_parent("shell").get("content", {}).get("allow_stdin", False):
        return
    from IPython.display import display  # noqa: PLC0415

    from tfmfa_nb.views.settings import settings_form  # noqa: PLC0415 - widgets are heavy

    def save(level: str) -> None:
        set_level(environment, Level(level), policy)

    minimum = policy.minimum(environment.folder.name)
    display(settings_form(environment.name, str(environment.level), str(minimum), save))
