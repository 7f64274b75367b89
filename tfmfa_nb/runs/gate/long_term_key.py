"""The person's long-term key, for a phase whose level requires no code."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.variable_sources import ProcessEnvironment, own_sources
from tfmfa_nb.organization.variable_values import shown_access_key_id

if TYPE_CHECKING:
    from collections.abc import Mapping


class LongTermKey:
    """A key that Terraform would not find by itself, or might not find; kept in memory for one phase.

    Args:
        access_key_id: access key ID.
        secret_access_key: copy of the secret access key; forgetting it does not affect the original.
        session_token: session token of a temporary key; None for a long-term one.
    """

    __slots__ = ("_access_key_id", "_secret_access_key", "_session_token")

    def __init__(self, access_key_id: str, secret_access_key: Secret, session_token: Secret | None = None) -> None:
        self._access_key_id, self._secret_access_key = access_key_id, secret_access_key
        self._session_token = session_token or Secret("")

    def environ(self) -> dict[str, str]:
        """The variables for Terraform's process. The caller must not keep them."""
        found = {"AWS_ACCESS_KEY_ID": self._access_key_id, "AWS_SECRET_ACCESS_KEY": self._secret_access_key.reveal()}
        return {**found, **({"AWS_SESSION_TOKEN": self._session_token.reveal()} if self._session_token else {})}

    def secrets(self) -> tuple[Secret, ...]:
        """The secrets to mask in all output."""
        return tuple(secret for secret in (self._secret_access_key, self._session_token) if secret)

    def forget(self) -> None:
        """Drop the secrets."""
        self._secret_access_key.forget()
        self._session_token.forget()

    def __repr__(self) -> str:
        return f"LongTermKey({shown_access_key_id(self._access_key_id)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a LongTermKey is not pickled or copied")


async def long_term_key(environ: Mapping[str, str]) -> LongTermKey | None:
    """The effective long-term key from this kernel's memory or the keychain; None if Terraform finds it by itself.

    Args:
        environ: process environment.
    """
    try:
        # In a thread, because a keychain may ask the person to unlock it.
        return await asyncio.to_thread(_hidden_from_terraform, environ)
    except ConfigurationError:
        return None  # Terraform reports the missing credentials


def _hidden_from_terraform(environ: Mapping[str, str]) -> LongTermKey | None:
    for source in own_sources(environ):
        values = source.read()
        if values.access_key_id:
            if isinstance(source, ProcessEnvironment):
                return None
            return LongTermKey(values.access_key_id, Secret(values.secret_access_key.reveal()))
    return None
