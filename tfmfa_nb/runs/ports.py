"""The ports of a run: Terraform, the environment's lock, AWS, and a clock.

The prompt, the fifth port, is `prompts.Prompt`. Tests pass ports of their own, so they patch no module.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.environments import EnvironmentLock
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.process import TerraformProcess
from tfmfa_nb.terraform.role_chains import find_chains
from tfmfa_nb.terraform.shown_plan import show_plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.authentication.patience import Patience
    from tfmfa_nb.authentication.role_checks import RoleCheck
    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import HopState, RoleChain
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.process import Job, Outcome
    from tfmfa_nb.terraform.role_chains import Findings
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
    ) -> Findings:
        """The roles and the bypasses of a configuration; see `terraform.role_chains.find_chains`."""
        ...

    async def start(self, job: Job) -> Process:
        """Start a command.

        Raises:
            TerraformNotFound: its supervisor cannot be started.
        """
        ...

    def show(self, executable: Executable, plan: Path, folder: Path, environ: Mapping[str, str]) -> Plan:
        """A saved plan as data.

        Raises:
            TerraformFailed: Terraform could not show it.
        """
        ...


class Aws(Protocol):
    """The calls to AWS: identities, sessions, and roles."""

    async def identify(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> Identity:
        """The owner of a long-term key; see `authentication.mfa_session.identify`."""
        ...

    async def identify_default(self, environ: Mapping[str, str], endpoint: Endpoint) -> Identity:
        """The owner of the credentials that Terraform finds; see `authentication.default_identity`."""
        ...

    async def default_credentials(self, environ: Mapping[str, str]) -> tuple[str, Secret, Secret] | None:
        """The credentials that Terraform finds, as they are now; see `authentication.default_identity`."""
        ...

    async def get_session(
        self,
        access_key_id: str,
        secret_access_key: Secret,
        serial_number: str,
        code: Secret,
        *,
        duration_seconds: int,
        endpoint: Endpoint,
        patience: Patience,
    ) -> MfaSession:
        """Exchange a code for a session; see `authentication.mfa_session.get_session`."""
        ...

    async def check_roles(
        self,
        session: MfaSession,
        chains: Sequence[RoleChain],
        on_change: Callable[[int, int, HopState, str], None],
        patience: Patience,
    ) -> Sequence[RoleCheck]:
        """Try to assume every role; see `authentication.role_checks.check_roles`."""
        ...

    async def account_alias(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> str:
        """The account's alias; empty if it cannot be read."""
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

    def show(self, executable: Executable, plan: Path, folder: Path, environ: Mapping[str, str]) -> Plan:
        """Run `terraform show -json`."""
        return show_plan(executable, plan, folder, environ)


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one run.

    Attributes:
        terraform: Terraform or OpenTofu.
        lock: acquires the environment's lock; see `EnvironmentLock.acquire`.
        clock: returns the time in seconds since the epoch.
    """

    terraform: Terraform = field(default_factory=InstalledTerraform)
    lock: Callable[..., Awaitable[EnvironmentLock]] = EnvironmentLock.acquire
    clock: Callable[[], float] = time.time
