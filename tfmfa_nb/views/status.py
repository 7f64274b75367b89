"""What `%tfmfa` shows: who will run Terraform, what is missing, and the environment's level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.errors import ConfigurationError
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.words import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment

MEANING = {
    Level.NEVER: "Plans and applies run without a code.",
    Level.APPLIES_ONLY: "Plans run without a code; every apply asks for one.",
    Level.PLANS_AND_APPLIES: "Every plan asks for a code, and every apply for another one.",
}


def say_level(environment: Environment) -> None:
    """Print the environment's level and what it means."""
    level = environment.level
    print(f'AWS Multi-Factor Authentication of "{environment.name}": {level}. {MEANING[level]}')  # noqa: T201


def show_status(shell: InteractiveShell, environment: Environment, environ: Mapping[str, str], profile: str) -> None:
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
    say_level(environment)
    kernel = getattr(shell, "kernel", None)
    if kernel is None or not kernel.get_parent("shell").get("content", {}).get("allow_stdin", False):
        return
    from IPython.display import display  # noqa: PLC0415

    from tfmfa_nb.views.settings import settings_form  # noqa: PLC0415 - widgets are heavy

    def save(level: str) -> None:
        environment.set_level(Level(level))

    display(settings_form(environment.name, str(environment.level), str(Level.NEVER), save))
