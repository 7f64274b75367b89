"""Minimum levels by what a run touches: its environment, folder, workspace, accounts, roles, and backend key."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import combinations
from posixpath import normpath
from typing import TYPE_CHECKING

from tfmfa_nb.organization.policy_patterns import are_about, fits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tfmfa_nb.model.levels import Level

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::(?P<account>\d{12}):role/.+", re.ASCII)


def account_of_role(arn: str) -> str:
    """The ID of the account that the role `arn` belongs to; "" if it is not the ARN of a role."""
    parts = _ROLE_ARN.fullmatch(arn)
    return parts["account"] if parts else ""


def accounts_of_roles(arns: Iterable[str]) -> frozenset[str]:
    """The IDs of the accounts that the roles belong to. What is not the ARN of a role has none."""
    return frozenset(account for arn in arns if (account := account_of_role(arn)))


@dataclass(frozen=True, slots=True)
class Protected:
    """What a run touches, as far as it is known; a part that is not known fits no pattern yet.

    Attributes:
        environment: name of the environment: the name or the path that the person typed.
        path: absolute path of the environment's folder, without symbolic links; None if unknown.
        workspace: Terraform's workspace; "" if unknown.
        accounts: IDs of the accounts of the key and of the roles.
        roles: ARNs of the roles that the run assumes.
        backend_keys: the state's key in its backend, and the key of the workspace's object there; empty if unknown.
        any_role: True if the run may act as somebody who is not known, which fits every pattern of accounts and roles.
        any_key: True if the state may have a key that is not known, which fits every pattern of backend keys.
    """

    environment: str = ""
    path: Path | None = None
    workspace: str = ""
    accounts: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    backend_keys: frozenset[str] = frozenset()
    any_role: bool = False
    any_key: bool = False

    def and_any_role(self) -> Protected:
        """This, and a role or an account that is not known before Terraform runs."""
        return replace(self, any_role=True)

    def and_account(self, account: str) -> Protected:
        """This, and the account of the key."""
        return replace(self, accounts=self.accounts | {account})

    def and_roles(self, arns: Iterable[str]) -> Protected:
        """This, and the roles with their accounts."""
        roles = frozenset(arns)
        return replace(self, roles=self.roles | roles, accounts=self.accounts | accounts_of_roles(roles))

    def and_state(self, workspace: str, backend_key: str | None, prefix: str = "") -> Protected:
        """This, with where the state is; "" keeps what is known.

        Terraform joins the key of a workspace's object as a path: `env:`, `dev`, and `../../prod/app` are `prod/app`.

        Args:
            workspace: Terraform's workspace.
            backend_key: key of the state in its backend; None if it has one that is not known.
            prefix: what stands before a workspace's name in the key of its object; "" if the backend has no such key.
        """
        workspace = workspace or self.workspace
        keys = {backend_key, normpath(backend_key)} if backend_key else set()
        if backend_key and prefix and workspace not in {"", "default"}:
            keys.add(normpath(f"{prefix}/{workspace}/{backend_key}"))
        any_key = self.any_key or backend_key is None
        return replace(self, workspace=workspace, backend_keys=frozenset(keys) or self.backend_keys, any_key=any_key)

    @property
    def names(self) -> frozenset[str]:
        """The names by which the environment may be meant: `prod-x/live` is in `prod-x`, wherever it was typed.

        Each part of the folder's path is one, so that `live/web` is meant however a person has spelled `-C`.
        """
        folders = self.path.parts[1:] if self.path else ()
        parts = ("/".join(folders[start:end]) for start, end in combinations(range(len(folders) + 1), 2))
        return frozenset({self.environment, *self.environment.split("/"), *parts, *self.places})

    @property
    def places(self) -> tuple[str, ...]:
        """The folder's path, and with a "/" at its end, so that `*/live/*` fits the folder `live` too."""
        return (str(self.path), f"{self.path}/") if self.path else ()


@dataclass(frozen=True, slots=True)
class Minimum:
    """A minimum level, and the patterns that say what it protects; None for a key that is not given.

    Attributes:
        level: level that a run requires at least.
        environments: patterns of the environment's name, and of each part of its folder's path.
        paths: patterns of the folder's absolute path.
        workspaces: patterns of the workspace.
        accounts: account IDs.
        roles: patterns of role ARNs.
        backend_keys: patterns of the key of the state.
    """

    level: Level
    environments: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    workspaces: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    backend_keys: tuple[str, ...] | None = None

    def holds_for(self, what: Protected) -> bool:
        """True if every key that is given has a pattern that fits."""
        keys = (
            (self.paths, what.places, False),
            (self.workspaces, {what.workspace} - {""}, False),
            (self.accounts, what.accounts, what.any_role),
            (self.roles, what.roles, what.any_role),
            (self.backend_keys, what.backend_keys, what.any_key),
        )
        return are_about(self.environments, what.names) and all(
            fits_any or any(fits(pattern, found) for pattern in patterns for found in known)
            for patterns, known, fits_any in keys
            if patterns is not None
        )

    def describe(self) -> str:
        """What it protects, in one line: `environments prod-*, accounts 111122223333`; "everything" without a key."""
        keys = ("environments", "paths", "workspaces", "accounts", "roles", "backend_keys")
        given = (f"{key} {', '.join(patterns)}" for key in keys if (patterns := getattr(self, key)) is not None)
        return "; ".join(given) or "everything"
