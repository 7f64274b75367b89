"""The OS keychain, through `keyring`, where that is installed and has a backend that deserves the name.

All three variables are one entry, so that none of them is ever there without the others it was stored with.
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
_INSTEAD = "Use this kernel only, or the environment that Jupyter starts in."


class Keychain:
    """The person's entry in it."""

    name = "OS keychain"
    remedy = "Store it there in the form that %tfmfa shows."

    @property
    def backend(self) -> str:
        """The keychain's own name: "macOS Keychain"; "" where it cannot be used."""
        backend = _backend()
        return "" if isinstance(backend, str) else str(backend.name)

    @property
    def problem(self) -> str:
        """Why it cannot be used, in a line; "" where it can."""
        backend = _backend()
        return f"{backend} {_INSTEAD}" if isinstance(backend, str) else ""

    def read(self) -> VariableValues:
        """What is stored; nothing where there is no keychain.

        Raises:
            ConfigurationError: it is locked, or its entry is not ours.
        """
        backend = _backend()
        if isinstance(backend, str):
            return VariableValues()
        given = _ask("read", lambda: _parse(backend.get_password(SERVICE, ENTRY)))
        if given is None:
            raise ConfigurationError(
                f"The OS keychain's entry {SERVICE!r} cannot be understood.",
                "Clear it in the form that %tfmfa shows, and store the variables again.",
            )
        return given

    def store(self, given: VariableValues) -> None:
        """Keep `given`, all of it or nothing.

        Raises:
            ConfigurationError: there is no keychain, or it refuses.
        """
        backend = _backend()
        if isinstance(backend, str):
            raise ConfigurationError(backend, _INSTEAD)
        _ask("written", lambda: backend.set_password(SERVICE, ENTRY, _document(given)))

    def clear(self) -> None:
        """Take the entry out, if there is one.

        Raises:
            ConfigurationError: the keychain refuses.
        """
        backend = _backend()
        if not isinstance(backend, str):
            _ask("cleared", lambda: _delete(backend))


def _backend() -> Any:
    """The backend that keyring has chosen, or why there is none."""
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to find its backends
        from keyring.core import recommended  # noqa: PLC0415
    except ImportError:
        return "There is no OS keychain here: the package keyring is not installed (pip install 'tfmfa-nb[keychain]')."
    try:
        backend = keyring.get_keyring()
        # keyring's own rule: it leaves out "no keychain at all", and those that write plain files.
        usable = recommended(backend)
    except Exception as error:  # noqa: BLE001 - backends are plugins, and raise what they like
        return f"The OS keychain cannot be used: {type(error).__name__}."
    return backend if usable else "There is no OS keychain here: keyring finds none that it recommends."


def _ask(what: str, do: Callable[[], T]) -> T:
    """Do it; the error of a backend ends here, because its frames hold the secret."""
    try:
        return do()
    except Exception as error:  # noqa: BLE001 - as above
        reason = type(error).__name__
    raise ConfigurationError(
        f"The OS keychain could not be {what} ({reason}).", "Unlock it and try again, or use this kernel only."
    )


def _parse(text: str | None) -> VariableValues | None:
    """None for what is no entry of ours."""
    if text is None:
        return VariableValues()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(name, ""), str) for name in (KEY, SECRET, SERIAL)):
        return None
    return VariableValues(found.get(KEY, ""), Secret(found.get(SECRET, "")), found.get(SERIAL, ""))


def _document(given: VariableValues) -> str:
    return json.dumps({KEY: given.access_key_id, SECRET: given.secret_access_key.reveal(), SERIAL: given.serial_number})


def _delete(backend: Any) -> None:
    if backend.get_password(SERVICE, ENTRY) is not None:
        backend.delete_password(SERVICE, ENTRY)
