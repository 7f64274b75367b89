"""The organization variables, asked for without an echo where no form can be shown; kept for this kernel only."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from tfmfa_nb.magics.forms.key_checks import find_devices
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization import variable_sources
from tfmfa_nb.organization.storage import store_in_kernel, validation_errors
from tfmfa_nb.organization.variable_values import KEY, NAMES, SECRET, SERIAL, VariableValues

if TYPE_CHECKING:
    from collections.abc import Mapping


async def ask_variables(environ: Mapping[str, str], profile: str) -> bool:
    """Ask for the three; Enter leaves one as it is, Ctrl-C all of them. Whether anything was kept.

    Raises:
        ConfigurationError: what was answered is not of a kind that STS takes; nothing was kept.
    """
    print("For this kernel only; Enter leaves a variable as it is.")  # noqa: T201 - a terminal's own way
    try:
        key = _read(f"{KEY}: ")
        typed = VariableValues(key, Secret(_read(f"{SECRET}: ") if key else ""))
        _check(typed)
        typed.serial_number = _read(f"{SERIAL} (? looks it up): ")
        if typed.serial_number == "?":
            typed.serial_number = await _look_up(typed, environ, profile)
    except (EOFError, KeyboardInterrupt):
        print("Nothing was changed.")  # noqa: T201
        return False
    _check(typed)
    if typed.missing() == NAMES:
        return False
    store_in_kernel(typed, variable_sources.KERNEL_MEMORY)
    return True


async def _look_up(typed: VariableValues, environ: Mapping[str, str], profile: str) -> str:
    asked = VariableValues(typed.access_key_id, typed.secret_access_key)
    result = await find_devices(asked, environ, profile)
    if not result.good:
        raise ConfigurationError(next(iter(result.fields.values()), result.text), "Nothing was kept.")
    if chosen := result.more.get("chosen"):
        return str(chosen)
    usable = [device["serial"] for device in result.more["devices"] if not device["reason"]]
    for number, serial in enumerate(usable, 1):
        print(f"{number}: {serial}")  # noqa: T201
    answer = _read(f"Which one, 1 to {len(usable)}? ")
    if not answer.isdecimal() or not 1 <= int(answer) <= len(usable):
        raise ConfigurationError(f"There is no device {answer!r}.", "Nothing was kept: answer with its number.")
    return str(usable[int(answer) - 1])


def _check(typed: VariableValues) -> None:
    for error in validation_errors(typed).values():
        raise error


def _read(text: str) -> str:
    # `getpass.getpass` is looked up now: a kernel replaces it for each request.
    return getpass.getpass(text).strip()
