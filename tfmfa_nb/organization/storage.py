"""Keeping what a person typed: checked first, then stored as a whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.variable_values import (
    KEY,
    SECRET,
    SERIAL,
    VariableValues,
    validate_access_key_id,
    validate_secret_access_key,
    validate_serial_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.organization.keychain import Keychain
    from tfmfa_nb.organization.variable_sources import KernelMemory


def validation_errors(typed: VariableValues) -> dict[str, ConfigurationError]:
    """What is wrong with `typed`, by variable; a variable that was left empty is not."""
    found: dict[str, ConfigurationError] = {}

    def check(name: str, look: Callable[[], None]) -> None:
        try:
            look()
        except ConfigurationError as error:
            found[name] = error

    if typed.access_key_id:
        check(KEY, lambda: validate_access_key_id(typed.access_key_id))
    if typed.secret_access_key:
        check(SECRET, lambda: validate_secret_access_key(typed.secret_access_key))
    if typed.serial_number:
        check(SERIAL, lambda: validate_serial_number(typed.serial_number))
    # A key with another key's secret is never made, not even for a moment.
    if typed.access_key_id and not typed.secret_access_key:
        found[SECRET] = ConfigurationError("The secret that came with this key is missing.", "Type both.")
    if typed.secret_access_key and not typed.access_key_id:
        found[KEY] = ConfigurationError("The key that this secret belongs to is missing.", "Type both.")
    return found


def store_in_kernel(typed: VariableValues, kernel: KernelMemory) -> None:
    """Keep `typed` in this kernel; what was left empty stays as it was."""
    kernel.store(_merged(typed, kernel.read()))


def store_in_keychain(typed: VariableValues, keychain: Keychain, kernel: KernelMemory) -> None:
    """Keep `typed` in the OS keychain, and no longer in this kernel, which would go before it.

    Raises:
        ConfigurationError: the keychain refuses; nothing has changed then.
    """
    keychain.store(_merged(typed, keychain.read()))
    here = kernel.read()
    keys = VariableValues() if typed.access_key_id else here
    kernel.store(
        VariableValues(
            keys.access_key_id,
            keys.secret_access_key,
            "" if typed.serial_number else here.serial_number,
        )
    )


def clear_stored(keychain: Keychain, kernel: KernelMemory) -> None:
    """Forget what was typed for this kernel, and take the keychain's entry out.

    Raises:
        ConfigurationError: the keychain refuses; this kernel has forgotten all the same.
    """
    kernel.clear()
    keychain.clear()


def _merged(typed: VariableValues, before: VariableValues) -> VariableValues:
    keys = typed if typed.access_key_id else before
    return VariableValues(keys.access_key_id, keys.secret_access_key, typed.serial_number or before.serial_number)
