"""Where each organization variable comes from, in words; of the secret only that it is set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.variable_sources import default_sources, describe_source, resolve
from tfmfa_nb.organization.variable_values import NAMES
from tfmfa_nb.organization.variables import check

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class VariableStatus:
    """One variable.

    Attributes:
        value: what of it may be shown; "" where it is missing.
        source: who gives it; "" where nobody does.
    """

    name: str
    value: str = ""
    source: str = ""

    @property
    def words(self) -> str:
        """As in: …MPLE, from the process environment; or: missing."""
        return f"{self.value}, from {describe_source(self.source)}" if self.value else "missing"


def variable_statuses(environ: Mapping[str, str], profile: str) -> tuple[tuple[VariableStatus, ...], str]:
    """Each variable, and what is wrong with them as a whole: "" where a run could ask for a code.

    A keychain may ask the person to unlock it, so this is called in a thread where a loop must go on.
    """
    try:
        found = resolve(default_sources(environ, profile))
    except ConfigurationError as error:
        return tuple(map(VariableStatus, NAMES)), str(error)
    given = found.given
    key = f"…{given.access_key_id[-4:]}" if given.access_key_id else ""
    secret = "set" if given.secret_access_key else ""
    values = (key, secret, found.serial_number)
    names = (found.source.name, found.source.name, found.serial_source)
    shown = tuple(map(VariableStatus, NAMES, values, names))
    try:
        check(found)
    except ConfigurationError as error:
        return shown, str(error)
    return shown, ""
