"""Stores typed organization variables: validated first, then stored all at once or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.variable_values import (
    KEY,
    SECRET,
    SERIAL,
    VariableValues,
    refuse_swapped,
    validate_access_key_id,
    validate_secret_access_key,
    validate_serial_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.organization.keychain import Keychain
    from tfmfa_nb.organization.variable_sources import KernelMemory


def validation_errors(typed: VariableValues) -> dict[str, ConfigurationError]:
    """The errors in `typed`, by variable name; an empty variable is not an error."""
    errors: dict[str, ConfigurationError] = {}

    def check(name: str, validate: Callable[[], None]) -> None:
        try:
            validate()
        except ConfigurationError as error:
            errors[name] = error

    if typed.access_key_id:
        check(KEY, lambda: validate_access_key_id(typed.access_key_id))
    if typed.secret_access_key:
        check(SECRET, lambda: validate_secret_access_key(typed.secret_access_key))
    if typed.serial_number:
        check(SERIAL, lambda: validate_serial_number(typed.serial_number))
    check(KEY, lambda: refuse_swapped(typed))
    # A key must never be combined with the secret of another key, not even for a moment.
    if typed.access_key_id and not typed.secret_access_key:
        errors[SECRET] = ConfigurationError("The secret access key of this key is missing.", "Enter both.")
    if typed.secret_access_key and not typed.access_key_id:
        errors[KEY] = ConfigurationError("The access key ID of this secret is missing.", "Enter both.")
    return errors


def store_in_kernel(typed: VariableValues, kernel: KernelMemory) -> None:
    """Store `typed` in this kernel's memory; variables left empty keep their stored values."""
    kernel.store(_merged(typed, kernel.read()))


def store_in_keychain(typed: VariableValues, keychain: Keychain, kernel: KernelMemory) -> None:
    """Store `typed` in the OS keychain, and remove it from this kernel's memory, which would take precedence.

    Raises:
        ConfigurationError: the keychain cannot be used; nothing has changed.
    """
    keychain.store(_merged(typed, keychain.read()))
    in_memory = kernel.read()
    keys = VariableValues() if typed.access_key_id else in_memory
    kernel.store(
        VariableValues(
            keys.access_key_id,
            keys.secret_access_key,
            "" if typed.serial_number else in_memory.serial_number,
        )
    )


def clear_stored(keychain: Keychain, kernel: KernelMemory) -> None:
    """Remove the variables from this kernel's memory and from the OS keychain.

    Raises:
        ConfigurationError: the keychain cannot be used; this kernel's memory is cleared anyway.
    """
    kernel.clear()
    keychain.clear()


def _merged(typed: VariableValues, stored: VariableValues) -> VariableValues:
    keys = typed if typed.access_key_id else stored
    return VariableValues(keys.access_key_id, keys.secret_access_key, typed.serial_number or stored.serial_number)
