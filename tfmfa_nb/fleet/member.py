"""An environment of a fleet, and the level that holds for all of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.gate.levels import effective_level, protected_of
from tfmfa_nb.runs.options import Options
from tfmfa_nb.terraform.working_directory import LOCK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy


@dataclass(frozen=True, slots=True)
class Member:
    """An environment of a fleet.

    Attributes:
        name: name in the fleet, which no other member has.
        environment: the environment.
        options: options of its run.
    """

    name: str
    environment: Environment
    options: Options = field(default_factory=Options)


def name_in_fleet(name: str, folder: str) -> str:
    """The name of an environment in a fleet: one that is not its folder's stands before it, and cannot hide it.

    Args:
        name: name that a table or a record gives it; "" for none.
        folder: its folder, as it is written there; "" for the one of that name.
    """
    if not folder or not name:
        return name or folder
    known = name in {folder, PurePath(folder).name} or name.endswith(f" ({folder})")
    return name if known else f"{name} ({folder})"


def lock_file_of(members: Iterable[Member]) -> Path | None:
    """The dependency lock file of one of the environments with the cell's configuration; None if none has one yet."""
    files = (each.environment.folder / LOCK_FILE for each in members if each.options.configuration is not None)
    return next(filter(Path.is_file, files), None)


def strictest_level(members: Iterable[Member], policy: Policy) -> Level:
    """The strictest level of the environments, which holds for each of them.

    Raises:
        TfmfaError: a level, or the policy, cannot be read.
    """
    levels = []
    for each in members:
        known = protected_of(each.environment, {**os.environ, **each.options.environ})
        levels.append(effective_level(each.environment, policy, each.options.level, known=known))
    return Level.strictest(*levels)
