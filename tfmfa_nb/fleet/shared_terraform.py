"""Terraform as the runs of a fleet share it: what is the same for many of them is found out once."""

from __future__ import annotations

import hashlib
import json
from contextlib import asynccontextmanager
from threading import Lock
from typing import TYPE_CHECKING

from tfmfa_nb.model.levels import Level
from tfmfa_nb.runs.ports import InstalledTerraform, Ports
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.inspected_files import inspected
from tfmfa_nb.terraform.variable_arguments import NO_VARIABLES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.validation import Fault
    from tfmfa_nb.terraform.variable_arguments import VariableArguments


class SharedTerraform(InstalledTerraform):
    """Validates each configuration once: it needs no values, but the schemas of all providers, for seconds.

    Attributes:
        least_level: the level that holds at least.
    """

    least_level = Level.NEVER

    def __init__(self) -> None:
        self._found: dict[str, Sequence[Fault]] = {}
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()

    @asynccontextmanager
    async def in_use(self, policy: Policy) -> AsyncIterator[int]:
        """What a phase of the fleet happens in; how many runs may use Terraform at once, 0 where this machine decides.

        Args:
            policy: organization policy.

        Raises:
            ConfigurationError: there is no Terraform to use.
        """
        del policy  # each run's gate holds this machine to it
        yield 0

    def ports(
        self,
        driver: Callable[[], Driver],
        turn: Callable[[], Awaitable[None]],
        room: Callable[[], AbstractAsyncContextManager[None]],
        lock_file: Callable[[], Path | None],
    ) -> Ports:
        """The ports of one run; see `runs.ports.Ports`.

        Args:
            driver: the driver of the run, which is made with these ports.
            turn: waits for the run's turn.
            room: what it uses Terraform in before that.
            lock_file: finds the lock file of another environment of the fleet.
        """
        del driver  # of no use on this machine
        return Ports(self, turn=turn, room=room, lock_file=lock_file)

    def validate(
        self, executable: Executable, folder: Path, environ: Mapping[str, str], variables: VariableArguments
    ) -> Sequence[Fault]:
        """The errors in a configuration, as they were found in another folder that has the same files."""
        key = _content(executable, folder, environ, variables)
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            if key not in self._found:
                self._found[key] = super().validate(executable, folder, environ, variables)
            return self._found[key]


def _content(executable: Executable, folder: Path, environ: Mapping[str, str], variables: VariableArguments) -> str:
    """A digest of all that a validation rests on: files, modules, locked providers, and whether they are installed."""
    configuration = Configuration(folder, executable.product, environ, version=executable.version)
    parts = dict(inspected(configuration, environ, NO_VARIABLES).parts)
    parts.pop("workspace", None)
    told = [*executable.command, executable.version, *variables.words, sorted(parts.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
