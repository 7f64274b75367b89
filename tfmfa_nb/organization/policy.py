"""The organization's policy: is MFA switched on, who may say so, and what every environment must at least demand.

A policy is a file (`policy.toml`, or `policy.json` with the same keys) in the system's and in the user's
configuration folder. Whoever may write it is an owner. The files are merged from the system's down to the user's,
and each can only make things stricter. "Disabled by default, enabled by an organization owner": without a file MFA
is off.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfmfa_nb.model.levels import Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHORTEST_SESSION, LONGEST_SESSION = 900, 129_600
"""Seconds: the bounds of STS GetSessionToken."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one file says; None where it says nothing.

    Attributes:
        path: the file.
        mfa: whether MFA is switched on.
        owners: who may change the policy, for people to read; the file system decides.
        environments: (pattern of environments' names, minimum level).
        session_seconds: (shortest, longest) session that may be asked for.
        accounts: the account ids that runs may act in.
        roles: patterns of the role ARNs that runs may assume.
        local_state: whether state may lie on the machine that runs Terraform.
        bypasses: what may be used beside the MFA session: "profile", "shared_credentials_files", …
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
    """The effective policy: the strictest of what all files say.

    Attributes:
        layers: the files, from the system's down to the user's.
        search_paths: where a file would be looked for.
    """

    layers: tuple[Layer, ...] = ()
    search_paths: tuple[Path, ...] = field(default=(), compare=False)

    @property
    def mfa(self) -> bool:
        """Whether MFA is switched on: one file that says so is enough."""
        return any(layer.mfa for layer in self.layers)

    @property
    def owners(self) -> tuple[str, ...]:
        """Who the topmost file that names owners names."""
        return next((layer.owners for layer in self.layers if layer.owners), ())

    def minimum(self, environment: str) -> Level:
        """The lowest level that `environment` may have; `never` while MFA is off."""
        found = (level for level, _ in self._minimums(environment))
        return Level.strictest(*found) if self.mfa else Level.NEVER

    def minimum_required_by(self, environment: str) -> Path | None:
        """The file that demands that minimum; None where none does."""
        lowest = self.minimum(environment)
        if lowest is Level.NEVER:
            return None
        return next(path for level, path in self._minimums(environment) if level is lowest)

    @property
    def session_bounds(self) -> tuple[int, int]:
        """Seconds: the shortest and longest session; where files contradict each other the longest yields."""
        given = [layer.session_seconds for layer in self.layers]
        longest = min([LONGEST_SESSION, *(high for _, high in given if high is not None)])
        shortest = max([SHORTEST_SESSION, *(low for low, _ in given if low is not None)])
        return min(shortest, longest), longest

    def allows_account(self, account: str) -> bool:
        """Whether runs may act in `account`: every file that names accounts must name it."""
        return all(account in layer.accounts for layer in self.layers if layer.accounts is not None)

    def allows_role(self, arn: str) -> bool:
        """Whether runs may assume the role `arn`: it must fit a pattern of every file that has any."""
        lists = (layer.roles for layer in self.layers if layer.roles is not None)
        return all(any(fnmatch.fnmatchcase(arn, pattern) for pattern in patterns) for patterns in lists)

    @property
    def limits_roles(self) -> bool:
        """Whether a role that is not known before Terraform runs might be one that is not allowed."""
        return any(layer.roles is not None for layer in self.layers)

    @property
    def local_state(self) -> bool:
        """Whether state may lie on the machine that runs Terraform."""
        return all(layer.local_state is not False for layer in self.layers)

    def allows_bypass(self, name: str) -> bool:
        """Whether `name` may be used beside the MFA session: every file must say so, so that none weakens another."""
        return bool(self.layers) and all(name in (layer.bypasses or ()) for layer in self.layers)

    def files_setting(self, key: str) -> tuple[Path, ...]:
        """The files that say something about `key`, the name of a layer's attribute."""
        return tuple(layer.path for layer in self.layers if getattr(layer, key) not in _NOTHING)

    def _minimums(self, environment: str) -> Iterator[tuple[Level, Path]]:
        name = environment.casefold()
        for layer in self.layers:
            for pattern, level in layer.environments:
                # Names that differ by case only are one environment on some machines.
                if fnmatch.fnmatchcase(name, pattern.casefold()):
                    yield level, layer.path


_NOTHING: tuple[object, ...] = (None, (), (None, None))
