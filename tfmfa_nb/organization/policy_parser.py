"""Parses the content of a policy file; errors name the file and the key."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, NoReturn

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import LONGEST_SESSION, SHORTEST_SESSION, Layer

if TYPE_CHECKING:
    from pathlib import Path

_ACCOUNT_ID = re.compile(r"\d{12}")


class PolicyParser:
    """Parses the document of one policy file.

    Args:
        path: path of the file, for errors.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def layer(self, document: Any) -> Layer:
        """The settings in `document`.

        Raises:
            ConfigurationError: the document is invalid.
        """
        top = self._table(document, "", ("mfa", "owners", "environments", "session", "allow"))
        session = self._table(top.get("session", {}), "session", ("shortest", "longest"))
        allow = self._table(top.get("allow", {}), "allow", ("accounts", "roles", "local_state", "bypasses"))
        accounts = self._strings(allow, "accounts", "allow.")
        for account in accounts or ():
            if not _ACCOUNT_ID.fullmatch(account):
                self._reject("allow.accounts", f"{account!r} is not an account ID", 'Example: "111122223333".')
        bypasses = self._strings(allow, "bypasses", "allow.")
        return Layer(
            self._path,
            mfa=self._boolean(top, "mfa", ""),
            owners=self._strings(top, "owners", ""),
            environments=tuple(self._levels(top.get("environments", {}))),
            session_seconds=(self._seconds(session, "shortest"), self._seconds(session, "longest")),
            accounts=None if accounts is None else frozenset(accounts),
            roles=self._strings(allow, "roles", "allow."),
            local_state=self._boolean(allow, "local_state", "allow."),
            bypasses=None if bypasses is None else frozenset(bypasses),
        )

    def _reject(self, key: str, problem: str, remedy: str) -> NoReturn:
        raise ConfigurationError(f"The policy {self._path} is invalid: {key}: {problem}.", remedy)

    def _table(self, value: Any, name: str, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._reject(name or "the file", "must be a table", f"Supported keys: {', '.join(known)}.")
        for key in value:
            if key not in known:
                close = difflib.get_close_matches(str(key), known, 1)
                hint = f'Did you mean "{close[0]}"?' if close else f"Supported keys: {', '.join(known)}."
                self._reject(f"{name}.{key}" if name else str(key), "unknown key", hint)
        return value

    def _boolean(self, table: dict[str, Any], key: str, prefix: str) -> bool | None:
        value = table.get(key)
        if value is not None and not isinstance(value, bool):
            self._reject(prefix + key, f"{value!r} is not a boolean", "Use true or false.")
        return value

    def _strings(self, table: dict[str, Any], key: str, prefix: str) -> tuple[str, ...] | None:
        value = table.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self._reject(prefix + key, "must be a list of non-empty strings", f'Example: {key} = ["…"].')
        return tuple(value)

    def _seconds(self, table: dict[str, Any], key: str) -> int | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not SHORTEST_SESSION <= value <= LONGEST_SESSION:
            self._reject(
                f"session.{key}",
                f"{value!r} is not a number of seconds from {SHORTEST_SESSION} to {LONGEST_SESSION}",
                "These are the limits of AWS STS.",
            )
        return value

    def _levels(self, table: Any) -> list[tuple[str, Level]]:
        if not isinstance(table, dict):
            self._reject("environments", "must be a table", 'Example: "prod-*" = "plans and applies".')
        levels = []
        for pattern, value in table.items():
            try:
                levels.append((str(pattern), Level(value)))
            except ValueError:
                choices = ", ".join(f'"{level}"' for level in Level)
                self._reject(f'environments."{pattern}"', f"{value!r} is not a level", f"Levels: {choices}.")
        return levels
