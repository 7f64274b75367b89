"""The kernel's end of a secret field on the card or a form: what is typed there arrives sealed to a one-time key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import SecretUnreadable
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.protocol.messages import SECRET_FIELDS
from tfmfa_nb.protocol.sealing import SECRET_NAMES, OneTimeKey

if TYPE_CHECKING:
    from tfmfa_nb.protocol.messages import SealingKey


class SecretField:
    """Receives the values of one secret field.

    Args:
        name: name of the field, one of `SECRET_FIELDS`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._key: OneTimeKey | None = None
        self._allows_unsealed = False

    def sealing_key(self) -> SealingKey:
        """The key for the next value; a fresh one after each value that arrived or was refused, and after `forget`."""
        if self._key is None:
            self._key = OneTimeKey(self._name)
        return self._key.public

    def allow_unsealed(self) -> None:
        """Accept unsealed values from now on: a page that cannot encrypt displays the field."""
        self._allows_unsealed = True

    def remove_from(self, message: Any) -> Secret:
        """Remove the raw field from any message of a front end; empty if it is missing, or too long to have been typed.

        This comes first, so that no traceback can contain the value.
        """
        typed = message.pop(self._name, None) if isinstance(message, dict) else None
        return Secret(typed.strip() if isinstance(typed, str) and len(typed) <= SECRET_FIELDS[self._name] else "")

    def opened(self, sealed: str, raw: Secret) -> Secret:
        """The value in a message that says that it is sealed.

        Args:
            sealed: the sealed value.
            raw: value of the raw field beside it, where nothing belongs.

        Raises:
            SecretUnreadable: the value is not sealed, or not to the current key, or was changed.
        """
        if raw:
            self._refuse_unsealed(raw)
        key, self._key = self._key or OneTimeKey(self._name), None
        return key.open(sealed)

    def unsealed(self, raw: Secret) -> Secret:
        """The value in a message that says that it is not sealed.

        Raises:
            SecretUnreadable: no page that cannot encrypt displays the field.
        """
        if not self._allows_unsealed:
            self._refuse_unsealed(raw)
        return raw

    def forget(self) -> None:
        """Drop the key, and what was sealed to it."""
        self._key = None

    def _refuse_unsealed(self, raw: Secret) -> None:
        raw.forget()
        self._key = None
        raise SecretUnreadable(
            f"The {SECRET_NAMES[self._name]} arrived unencrypted, although this page can encrypt it.",
            "It was not used; reload the page, then try again.",
        )
