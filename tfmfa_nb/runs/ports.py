"""The ports of a run that its engine uses: Terraform, the environment's lock, and a clock.

AWS is the port of the gate, `runs.aws_port`, and the prompt is `prompts.Prompt`. Tests pass ports of their own, so
they patch no module.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.environments import EnvironmentLock
from tfmfa_nb.terraform.backend_check import backend_faults
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.process import TerraformProcess
from tfmfa_nb.terraform.role_chains import find_chains
from tfmfa_nb.terraform.shown_plan import show_plan
from tfmfa_nb.terraform.validation import faults_of
from tfmfa_nb.terraform.value_faults import value_faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from typing import BinaryIO

    from tfmfa_nb.terraform.backend_arguments import BackendArguments
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.process import Job, Outcome
    from tfmfa_nb.terraform.role_chains import Findings
    from tfmfa_nb.terraform.session_data import KnownSession
    from tfmfa_nb.terraform.validation import Fault
    from tfmfa_nb.terraform.variable_arguments import VariableArguments


class Process(Protocol):
    """A Terraform command under its supervisor; see `terraform.process.TerraformProcess`."""

    pid: int
    started: float

    @property
    def alive(self) -> bool:
        """True while the command is running."""
        ...

    @property
    def left_alone(self) -> int:
        """The process ID of a Terraform that nobody supervises any more; 0 otherwise."""
        ...

    async def wait(self) -> Outcome:
        """Wait until the command ends."""
        ...

    def interrupt(self) -> bool:
        """Ask Terraform to stop gracefully. True only the first time."""
        ...

    def kill(self) -> None:
        """Kill Terraform and every process that it started."""
        ...


class Terraform(Protocol):
    """Terraform or OpenTofu on this machine."""

    def find(self, environ: Mapping[str, str]) -> Executable:
        """Find the program.

        Raises:
            TerraformNotFound: no program is installed.
        """
        ...

    def inspect(
        self,
        configuration: Configuration,
        *,
        executable: Executable,
        environ: Mapping[str, str],
        variables: VariableArguments,
        session: KnownSession,
        backend: BackendArguments,
    ) -> Findings:
        """The roles and the bypasses of a configuration; see `terraform.role_chains.find_chains`."""
        ...

    async def start(self, job: Job) -> Process:
        """Start a command.

        Raises:
            TerraformNotFound: its supervisor cannot be started.
        """
        ...

    def validate(
        self, executable: Executable, folder: Path, environ: Mapping[str, str], variables: VariableArguments
    ) -> Sequence[Fault]:
        """The errors in an initialized configuration; see `terraform.validation.faults_of`."""
        ...

    def check_backend(
        self,
        executable: Executable,
        folder: Path,
        environ: Mapping[str, str],
        arguments: Sequence[str],
        variables: VariableArguments,
    ) -> Sequence[Fault]:
        """What is wrong with the backend; see `terraform.backend_check.backend_faults`."""
        ...

    def check_values(
        self,
        configuration: Configuration,
        executable: Executable,
        environ: Mapping[str, str],
        variables: VariableArguments,
    ) -> Sequence[Fault]:
        """What is wrong with the values of variables; see `terraform.value_faults.value_faults`."""
        ...

    def show(
        self,
        executable: Executable,
        plan: BinaryIO,
        configuration: Configuration,
        environ: Mapping[str, str],
        variables: VariableArguments,
    ) -> Plan:
        """A saved plan as data.

        Raises:
            TerraformFailed: Terraform could not show it.
        """
        ...


class InstalledTerraform:
    """Terraform or OpenTofu as installed on this machine."""

    def find(self, environ: Mapping[str, str]) -> Executable:
        """The program on PATH, or the library."""
        return find_executable(environ)

    def inspect(self, configuration: Configuration, **how: Any) -> Findings:
        """Find the roles and the bypasses in the configuration and its modules."""
        return find_chains(configuration, **how)

    async def start(self, job: Job) -> Process:
        """Start a command under a supervisor, which outlives this kernel."""
        return await TerraformProcess.start(job)

    def validate(
        self, executable: Executable, folder: Path, environ: Mapping[str, str], variables: VariableArguments
    ) -> Sequence[Fault]:
        """Run `terraform validate -json`."""
        return faults_of(executable, folder, environ, variables)

    def check_backend(
        self,
        executable: Executable,
        folder: Path,
        environ: Mapping[str, str],
        arguments: Sequence[str],
        variables: VariableArguments,
    ) -> Sequence[Fault]:
        """Run `terraform init` without credentials."""
        return backend_faults(executable, folder, environ, arguments, variables)

    def check_values(
        self,
        configuration: Configuration,
        executable: Executable,
        environ: Mapping[str, str],
        variables: VariableArguments,
    ) -> Sequence[Fault]:
        """Plan nothing but the variables."""
        return value_faults(configuration, executable, environ, variables)

    def show(
        self,
        executable: Executable,
        plan: BinaryIO,
        configuration: Configuration,
        environ: Mapping[str, str],
        variables: VariableArguments,
    ) -> Plan:
        """Run `terraform show -json`."""
        return show_plan(executable, plan, configuration, environ, variables)


async def at_once() -> None:
    """The turn of a run that waits for no other."""


def no_lock_file() -> None:
    """The lock file that a run alone finds elsewhere."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one run.

    Attributes:
        terraform: Terraform or OpenTofu.
        lock: acquires the environment's lock; see `EnvironmentLock.acquire`.
        clock: returns the time in seconds since the epoch.
        turn: waits for the turn of a run that has passed its gate; it may raise a TfmfaError instead.
        room: what a run that has not passed its gate uses Terraform in; it may wait until others leave room.
        lock_file: finds the dependency lock file of another environment that has the same configuration; None for none.
        place: where Terraform plans and applies, as the trail names it; "" for this machine.
    """

    terraform: Terraform = field(default_factory=InstalledTerraform)
    lock: Callable[..., Awaitable[EnvironmentLock]] = EnvironmentLock.acquire
    clock: Callable[[], float] = time.time
    turn: Callable[[], Awaitable[None]] = at_once
    room: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    lock_file: Callable[[], Path | None] = no_lock_file
    place: Callable[[], str] = str
