"""The OS keychain, accessed through `keyring` if it is installed and has a secure backend.

All three variables form one entry, so that none is ever stored without the others that belong to it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.variable_values import KEY, SECRET, SERIAL, VariableValues

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
SERVICE, ENTRY = "tfmfa_nb", "organization variables"
_ALTERNATIVES = "Store the variables for this kernel only, or set them in the environment of Jupyter."


class Keychain:
    """The user's entry in the OS keychain."""

    name = "OS keychain"
    remedy = "Use the form that %tfmfa shows."

    @property
    def backend(self) -> str:
        """The keychain's product name, such as "macOS Keychain"; "" if it cannot be used."""
        backend = _backend()
        return "" if isinstance(backend, str) else str(backend.name)

    @property
    def problem(self) -> str:
        """The reason for which the keychain cannot be used, with alternatives; "" if it can."""
        backend = _backend()
        return f"{backend} {_ALTERNATIVES}" if isinstance(backend, str) else ""

    def read(self) -> VariableValues:
        """The stored values; empty if there is no keychain.

        Raises:
            ConfigurationError: the keychain is locked, or its entry is invalid.
        """
        backend = _backend()
        if isinstance(backend, str):
            return VariableValues()
        values = _access("read", lambda: _parse(backend.get_password(SERVICE, ENTRY)))
        if values is None:
            raise ConfigurationError(
                f"The entry {SERVICE!r} in the OS keychain is invalid.",
                "Clear it in the form that %tfmfa shows, and store the variables again.",
            )
        return values

    def named(self, name: str) -> Secret:
        """The secret in the entry with this name, which `keyring set tfmfa_nb NAME` stores; empty if there is none.

        Raises:
            ConfigurationError: the keychain is locked.
        """
        backend = _backend()
        if isinstance(backend, str):
            return Secret("")
        return _access("read", lambda: Secret(backend.get_password(SERVICE, name) or ""))

    def store(self, values: VariableValues) -> None:
        """Store all of `values`, or nothing.

        Raises:
            ConfigurationError: there is no keychain, or it cannot be written.
        """
        backend = _backend()
        if isinstance(backend, str):
            raise ConfigurationError(backend, _ALTERNATIVES)
        _access("written", lambda: backend.set_password(SERVICE, ENTRY, _document(values)))

    def clear(self) -> None:
        """Delete the entry, if there is one.

        Raises:
            ConfigurationError: the keychain cannot be written.
        """
        backend = _backend()
        if not isinstance(backend, str):
            _access("cleared", lambda: _delete(backend))


def _backend() -> Any:
    """The backend that keyring has chosen, or the reason for which there is none."""
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to discover its backends
        from keyring.core import recommended  # noqa: PLC0415
    except ImportError:
        return "No OS keychain is available: keyring is not installed (pip install 'tfmfa-nb[keychain]')."
    try:
        backend = keyring.get_keyring()
        # keyring's own rule, which excludes its placeholder backend and the ones that write plaintext files.
        usable = recommended(backend)
    except Exception as error:  # noqa: BLE001 - backends are plugins and may raise anything
        return f"The OS keychain cannot be used: {type(error).__name__}."
    return backend if usable else "No OS keychain is available: keyring finds no backend that it recommends."


def _access(participle: str, access: Callable[[], T]) -> T:
    """Call `access`. A backend's error ends here, because its frames hold the secret."""
    try:
        return access()
    except Exception as error:  # noqa: BLE001 - as above
        reason = type(error).__name__
    raise ConfigurationError(
        f"The OS keychain could not be {participle} ({reason}).",
        "Unlock it and try again, or store the variables for this kernel only.",
    )


def _parse(text: str | None) -> VariableValues | None:
    """The values in an entry; None if this package did not write it."""
    if text is None:
        return VariableValues()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(name, ""), str) for name in (KEY, SECRET, SERIAL)):
        return None
    return VariableValues(found.get(KEY, ""), Secret(found.get(SECRET, "")), found.get(SERIAL, ""))


def _document(values: VariableValues) -> str:
    return json.dumps(
        {KEY: values.access_key_id, SECRET: values.secret_access_key.reveal(), SERIAL: values.serial_number}
    )


def _delete(backend: Any) -> None:
    if backend.get_password(SERVICE, ENTRY) is not None:
        backend.delete_password(SERVICE, ENTRY)
