"""The status of each organization variable: its source, and of its value only as much as may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.variable_sources import default_sources, describe_source, resolve
from tfmfa_nb.organization.variable_values import NAMES, shown_access_key_id
from tfmfa_nb.organization.variables import require_usable

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class VariableStatus:
    """The status of one variable.

    Attributes:
        value: the part of the value that may be shown; "" if the variable is missing.
        source: name of the source; "" if no source has the variable.
    """

    name: str
    value: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        """The status as text: "…MPLE, from the process environment" or "missing"."""
        return f"{self.value}, from {describe_source(self.source)}" if self.value else "missing"


def variable_statuses(environ: Mapping[str, str], profile: str) -> tuple[tuple[VariableStatus, ...], str]:
    """The status of each variable, and the problem with them as a whole: "" if a run could ask for a code.

    The OS may ask the user to unlock the keychain, so call this in a thread if an event loop must keep running.
    """
    try:
        resolved = resolve(default_sources(environ, profile))
    except ConfigurationError as error:
        return tuple(map(VariableStatus, NAMES)), str(error)
    key_values = resolved.values
    key = shown_access_key_id(key_values.access_key_id) if key_values.access_key_id else ""
    secret = "set" if key_values.secret_access_key else ""
    shown = (key, secret, resolved.serial_number)
    sources = (resolved.key_source, resolved.key_source, resolved.serial_source)
    statuses = tuple(map(VariableStatus, NAMES, shown, sources))
    try:
        require_usable(resolved)
    except ConfigurationError as error:
        return statuses, str(error)
    return statuses, ""
