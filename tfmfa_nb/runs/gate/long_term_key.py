"""The person's own key, for a phase whose level asks for no code."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.sources import ProcessEnvironment, sources_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class LongTermKey:
    """A long-term key that Terraform would not find by itself; kept in memory for one phase of a run.

    Args:
        access_key_id: its id.
        secret_access_key: its secret; a copy, which is forgotten without the original.
    """

    __slots__ = ("_access_key_id", "_secret_access_key")

    def __init__(self, access_key_id: str, secret_access_key: Secret) -> None:
        self._access_key_id, self._secret_access_key = access_key_id, secret_access_key

    def environment(self) -> dict[str, str]:
        """The two variables for Terraform's process; do not keep them."""
        return {"AWS_ACCESS_KEY_ID": self._access_key_id, "AWS_SECRET_ACCESS_KEY": self._secret_access_key.reveal()}

    def secrets(self) -> tuple[Secret, ...]:
        """What must be masked wherever it appears."""
        return (self._secret_access_key,)

    def forget(self) -> None:
        """Let go of the secret."""
        self._secret_access_key.forget()

    def __repr__(self) -> str:
        return f"LongTermKey(…{self._access_key_id[-4:]})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a LongTermKey is not pickled or copied")


async def long_term_key(environ: Mapping[str, str]) -> LongTermKey | None:
    """The key that counts, where Terraform would not find it: typed for this kernel, or kept in the keychain.

    Args:
        environ: the process environment, whose key Terraform finds by itself.
    """
    try:
        # In a thread: a keychain may ask the person to unlock it.
        return await asyncio.to_thread(_hidden_from_terraform, environ)
    except ConfigurationError:
        return None  # Terraform says what it lacks


def _hidden_from_terraform(environ: Mapping[str, str]) -> LongTermKey | None:
    for source in sources_of(environ):
        given = source.read()
        if given.access_key_id:
            if isinstance(source, ProcessEnvironment):
                return None
            return LongTermKey(given.access_key_id, Secret(given.secret_access_key.reveal()))
    return None
