"""Policy checks: commands that judge a plan before it can be applied, as OPA, conftest, and Checkov do.

A policy file names those that every plan has to pass, and no notebook can switch them off.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy_patterns import are_about

if TYPE_CHECKING:
    from collections.abc import Collection

PLAN = "{plan}"
"""What stands in a command for the path of the plan's JSON."""
DEFAULT_SECONDS = 300.0
LONGEST_CHECK = 3_600
"""The longest time limit of a check, in seconds."""


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """A command between plan and apply. It passes if its exit code is 0.

    Attributes:
        name: by which the card, the record, and the audit trail name it.
        command: the program and its arguments; `{plan}` stands for the path of the plan's JSON.
        seconds: its time limit.
        environments: patterns of the environments whose plans it judges; None for all.
        source: path of the policy file that demands it; "" for one of the magic's line or the command line.
    """

    name: str
    command: tuple[str, ...]
    seconds: float = DEFAULT_SECONDS
    environments: tuple[str, ...] | None = None
    source: str = ""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the command, in hexadecimal: its arguments may be long, and nobody's business."""
        return hashlib.sha256(json.dumps(self.command).encode()).hexdigest()

    def holds_for(self, names: Collection[str]) -> bool:
        """True if it judges the plans of an environment with these names."""
        return are_about(self.environments, names)


def check_of_line(line: str) -> PolicyCheck:
    """The check of a command line, which is split like a shell does; the program's name is its own.

    Raises:
        ConfigurationError: the line is empty or has unbalanced quotes.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise ConfigurationError(f"--policy-check is not a valid command line: {error}.", "Check its quotes.") from None
    if not words or not words[0]:
        raise ConfigurationError("--policy-check is empty.", f"Example: --policy-check 'conftest test {PLAN}'")
    return PolicyCheck(PurePath(words[0]).name, tuple(words))
