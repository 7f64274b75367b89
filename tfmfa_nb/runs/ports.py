"""What a run needs of the world outside: Terraform, the environment's lock, AWS, a clock.

The prompt, the fifth, is `prompts.Prompt`. Tests give ports of their own; nothing has to be replaced inside a module.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.environments import EnvironmentLock
from tfmfa_nb.model.errors import TerraformFailed
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.terraform.process import TerraformProcess
from tfmfa_nb.terraform.providers import find_chains

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.authentication.roles import RoleCheck
    from tfmfa_nb.authentication.session import MfaSession
    from tfmfa_nb.model.identity import Endpoint, Identity
    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.model.roles import HopState, RoleChain
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.process import Job, Outcome
    from tfmfa_nb.terraform.providers import Findings


class Process(Protocol):
    """A Terraform command under its supervisor; see `terraform.process.TerraformProcess`."""

    pid: int
    started: float

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        ...

    async def wait(self) -> Outcome:
        """Its end."""
        ...

    def interrupt(self) -> bool:
        """Ask Terraform to stop gracefully; whether this was the first time."""
        ...

    def kill(self) -> None:
        """Kill Terraform and all it started."""
        ...


class Terraform(Protocol):
    """Terraform or OpenTofu on this machine."""

    def find(self, environ: Mapping[str, str]) -> Executable:
        """The program.

        Raises:
            TerraformNotFound: there is none.
        """
        ...

    def inspect(
        self,
        folder: Path,
        *,
        executable: Executable,
        environ: Mapping[str, str],
        var: Sequence[str],
        var_files: Sequence[Path],
    ) -> Findings:
        """The roles and the bypasses of a configuration; see `terraform.providers.find_chains`."""
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
    """STS, and what explains its refusals."""

    async def identify(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> Identity:
        """Who a long-term key belongs to; see `authentication.session.identify`."""
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
    ) -> MfaSession:
        """Exchange a code for a session; see `authentication.session.get_session`."""
        ...

    async def check_roles(
        self,
        session: MfaSession,
        chains: Sequence[RoleChain],
        on_change: Callable[[int, int, HopState, str], None],
    ) -> Sequence[RoleCheck]:
        """Try every role; see `authentication.roles.check_roles`."""
        ...

    async def account_alias(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> str:
        """The account's alias; empty where it cannot be read."""
        ...


class InstalledTerraform:
    """The program on this machine."""

    def find(self, environ: Mapping[str, str]) -> Executable:
        """The program on PATH, or the library."""
        return find_executable(environ)

    def inspect(self, folder: Path, **how: Any) -> Findings:
        """Read the configuration in `folder`."""
        return find_chains(folder, **how)

    async def start(self, job: Job) -> Process:
        """Start it under a supervisor, which outlives this kernel."""
        return await TerraformProcess.start(job)

    def show(self, executable: Executable, plan: Path, folder: Path, environ: Mapping[str, str]) -> Plan:
        """`terraform show -json`, in a session of its own: the kernel's interrupt is not for it."""
        shown = subprocess.run(
            [*executable.command, "show", "-json", str(plan)],
            cwd=folder,
            env=dict(environ),
            capture_output=True,
            check=False,
            start_new_session=True,
        )
        try:
            return Plan(json.loads(shown.stdout))
        except ValueError:
            raise TerraformFailed("Terraform could not show the saved plan.", "Plan again with %%tfplan.") from None


class RealAws:
    """AWS by boto3, which is imported at the first call because it is heavy."""

    async def identify(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> Identity:
        """STS GetCallerIdentity."""
        from tfmfa_nb.authentication.session import identify  # noqa: PLC0415

        return await identify(access_key_id, secret_access_key, endpoint)

    async def get_session(self, *keys: Any, **how: Any) -> MfaSession:
        """STS GetSessionToken."""
        from tfmfa_nb.authentication.session import get_session  # noqa: PLC0415

        return await get_session(*keys, **how)

    async def check_roles(
        self, session: MfaSession, chains: Sequence[RoleChain], on_change: Any
    ) -> Sequence[RoleCheck]:
        """STS AssumeRole, in parallel."""
        from tfmfa_nb.authentication.roles import check_roles  # noqa: PLC0415

        return await check_roles(session, chains, on_change=on_change)

    async def account_alias(self, access_key_id: str, secret_access_key: Secret, endpoint: Endpoint) -> str:
        """IAM ListAccountAliases."""
        from tfmfa_nb.authentication.account import account_alias  # noqa: PLC0415

        return await account_alias(access_key_id, secret_access_key, endpoint=endpoint)


@dataclass(frozen=True, slots=True)
class Ports:
    """The world of one run.

    Attributes:
        terraform: the program.
        lock: takes the environment's lock; see `EnvironmentLock.acquire`.
        clock: seconds since the epoch.
    """

    terraform: Terraform = field(default_factory=InstalledTerraform)
    lock: Callable[..., Awaitable[EnvironmentLock]] = EnvironmentLock.acquire
    clock: Callable[[], float] = time.time
