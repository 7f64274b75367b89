"""The organization variables in lines of text, for who sees no form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.visible import say
from tfmfa_nb.organization.variable_sources import describe_source
from tfmfa_nb.organization.variable_status import variable_statuses
from tfmfa_nb.organization.variable_values import shown_access_key_id
from tfmfa_nb.organization.variables import read_variables

if TYPE_CHECKING:
    from collections.abc import Mapping


def say_variables(environ: Mapping[str, str], profile: str) -> None:
    """Print one line with the organization variables and their source, or with the problem."""
    try:
        variables = read_variables(environ, profile)
    except ConfigurationError as error:
        say(f"Organization variables: {error}")
    else:
        say(
            f"Organization variables: access key {shown_access_key_id(variables.access_key_id)}, "
            f"MFA device {variables.serial_number}, from {describe_source(variables.source)}"
        )
        if note := variables.note_on_roles():
            say(note)
        variables.forget()


def say_variable_statuses(environ: Mapping[str, str], profile: str) -> None:
    """Print the source of each organization variable, and the problem with them, if any."""
    statuses, problem = variable_statuses(environ, profile)
    for status in statuses:
        say(f"{status.name}: {status.text}")
    if problem:
        say(problem)
