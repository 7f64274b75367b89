"""The organization policy: enables MFA, names the owners, and sets minimum levels and limits.

A policy is a file (`policy.toml`, or `policy.json` with the same keys) in the system's or the user's configuration
folder. Write access to it makes a user an owner. The files are merged from the system's to the user's, and each can
only make the policy stricter. MFA is disabled by default and enabled by an organization owner.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from tfmfa_nb.model.levels import Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHORTEST_SESSION, LONGEST_SESSION = 900, 129_600
"""Limits of STS GetSessionToken, in seconds."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The content of one policy file; None for settings that it does not set.

    Attributes:
        path: path of the file.
        mfa: True to enable MFA.
        owners: names of the owners, for information only: file permissions decide.
        environments: pairs of an environment name pattern and its minimum level.
        session_seconds: shortest and longest session that may be requested.
        accounts: IDs of the accounts in which runs are allowed.
        roles: patterns of the role ARNs that runs may assume.
        local_state: False to forbid state on the machine that runs Terraform.
        bypasses: allowed settings that bypass the MFA session: "profile", "shared_credentials_files", …
    """

    path: Path
    mfa: bool | None = None
    owners: tuple[str, ...] | None = None
    environments: tuple[tuple[str, Level], ...] = ()
    session_seconds: tuple[int | None, int | None] = (None, None)
    accounts: frozenset[str] | None = None
    roles: tuple[str, ...] | None = None
    local_state: bool | None = None
    bypasses: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The effective policy: the strictest combination of all files.

    Attributes:
        layers: contents of the files, from the system's to the user's.
        search_paths: paths at which policy files are looked for.
    """

    layers: tuple[Layer, ...] = ()
    search_paths: tuple[Path, ...] = field(default=(), compare=False)

    @property
    def mfa(self) -> bool:
        """True if MFA is enabled; one file is enough to enable it."""
        return any(layer.mfa for layer in self.layers)

    @property
    def owners(self) -> tuple[str, ...]:
        """The owners named by the first file that names any."""
        return next((layer.owners for layer in self.layers if layer.owners), ())

    def minimum(self, environment: str) -> Level:
        """The minimum level of `environment`; `never` while MFA is off."""
        levels = (level for level, _ in self._minimums(environment))
        return Level.strictest(*levels) if self.mfa else Level.NEVER

    def minimum_required_by(self, environment: str) -> Path | None:
        """The file that requires that minimum; None if no file does."""
        minimum = self.minimum(environment)
        if minimum is Level.NEVER:
            return None
        return next(path for level, path in self._minimums(environment) if level is minimum)

    @property
    def session_bounds(self) -> tuple[int, int]:
        """The shortest and the longest allowed session in seconds; if files conflict, the longest prevails."""
        bounds = [layer.session_seconds for layer in self.layers]
        longest = min([LONGEST_SESSION, *(high for _, high in bounds if high is not None)])
        shortest = max([SHORTEST_SESSION, *(low for low, _ in bounds if low is not None)])
        return min(shortest, longest), longest

    def allows_account(self, account: str) -> bool:
        """True if runs are allowed in `account`: every file that lists accounts must list it."""
        return all(account in layer.accounts for layer in self.layers if layer.accounts is not None)

    def allows_role(self, arn: str) -> bool:
        """True if runs may assume the role `arn`: it must match a pattern of every file that lists patterns."""
        lists = (layer.roles for layer in self.layers if layer.roles is not None)
        return all(any(fnmatch.fnmatchcase(arn, pattern) for pattern in patterns) for patterns in lists)

    @property
    def limits_roles(self) -> bool:
        """True if any file restricts roles, so that a role unknown until Terraform runs may not be allowed."""
        return any(layer.roles is not None for layer in self.layers)

    @property
    def local_state(self) -> bool:
        """True if state may be stored on the machine that runs Terraform."""
        return all(layer.local_state is not False for layer in self.layers)

    def allows_bypass(self, name: str) -> bool:
        """True if the policy allows the bypass `name`; every file must, so that none weakens another."""
        return bool(self.layers) and all(name in (layer.bypasses or ()) for layer in self.layers)

    def files_setting(self, key: str) -> tuple[Path, ...]:
        """The files that set `key`, the name of an attribute of `Layer`."""
        return tuple(layer.path for layer in self.layers if getattr(layer, key) != _UNSET[key])

    def _minimums(self, environment: str) -> Iterator[tuple[Level, Path]]:
        name = environment.casefold()
        for layer in self.layers:
            for pattern, level in layer.environments:
                # On case-insensitive file systems, names that differ only by case are one environment.
                if fnmatch.fnmatchcase(name, pattern.casefold()):
                    yield level, layer.path


_UNSET: dict[str, object] = {each.name: each.default for each in fields(Layer)}
