"""Input prompts for the organization variables where no form can be shown; values are stored for this kernel only."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from tfmfa_nb.magics.forms.key_checks import find_devices
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.visible import say
from tfmfa_nb.organization import variable_sources
from tfmfa_nb.organization.storage import store_in_kernel, validation_errors
from tfmfa_nb.organization.variable_values import KEY, NAMES, SECRET, SERIAL, VariableValues

if TYPE_CHECKING:
    from collections.abc import Mapping


async def ask_variables(environ: Mapping[str, str], profile: str) -> bool:
    """Prompt for the three variables; Enter keeps a variable unchanged, Ctrl-C keeps all.

    Returns:
        True if a value was stored.

    Raises:
        ConfigurationError: an entered value is invalid; nothing was stored.
    """
    say("The variables are stored for this kernel only. Press Enter to keep a variable unchanged.")
    try:
        key = _read(f"{KEY}: ")
        typed = VariableValues(key, Secret(_read(f"{SECRET}: ") if key else ""))
        _check(typed)
        typed.serial_number = _read(f"{SERIAL} (? to look it up): ")
        if typed.serial_number == "?":
            typed.serial_number = await _look_up(typed, environ, profile)
    except (EOFError, KeyboardInterrupt):
        say("Nothing was changed.")
        return False
    _check(typed)
    if typed.missing() == NAMES:
        return False
    store_in_kernel(typed, variable_sources.KERNEL_MEMORY)
    return True


async def _look_up(typed: VariableValues, environ: Mapping[str, str], profile: str) -> str:
    keys = VariableValues(typed.access_key_id, typed.secret_access_key)
    result = await find_devices(keys, environ, profile)
    if not result.good:
        raise ConfigurationError(next(iter(result.fields.values()), result.text), "Nothing was stored.")
    if chosen := result.more.get("chosen"):
        return str(chosen)
    usable = [device["serial"] for device in result.more["devices"] if not device["reason"]]
    for number, serial in enumerate(usable, 1):
        say(f"{number}: {serial}")
    answer = _read(f"Select a device (1 to {len(usable)}): ")
    if not answer.isdecimal() or not 1 <= int(answer) <= len(usable):
        raise ConfigurationError(
            f"{answer!r} is not the number of a device.", f"Nothing was stored. Enter a number from 1 to {len(usable)}."
        )
    return str(usable[int(answer) - 1])


def _check(typed: VariableValues) -> None:
    for error in validation_errors(typed).values():
        raise error


def _read(text: str) -> str:
    # Look up `getpass.getpass` on each call: a kernel replaces it for each request.
    return getpass.getpass(text).strip()
