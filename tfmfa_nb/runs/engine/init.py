"""`terraform init`, only if something that it depends on has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.model.errors import RunCanceled, TerraformFailed
from tfmfa_nb.runs.engine.failure import first_error
from tfmfa_nb.runs.gate.reinspection import inspect_again
from tfmfa_nb.terraform.init_fingerprint import init_fingerprint

if TYPE_CHECKING:
    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.runs.engine.command import Commands
    from tfmfa_nb.runs.gate.gate import Gate


async def initialize(commands: Commands, *, always: bool = False, backend: bool = True) -> bool:
    """Run `terraform init` if it is needed, and return True if it ran.

    Args:
        commands: commands of the phase.
        always: run it even if nothing has changed, because Terraform asked for it.
        backend: initialize the backend too, which may need credentials; without it, `init` runs again with it.

    Raises:
        TerraformFailed: `terraform init` failed.
        RunCanceled: `terraform init` was canceled.
    """
    driver = commands.driver
    mark = driver.environment.files.init_fingerprint
    if not always and mark.is_file() and mark.read_bytes() == _fingerprint(commands).encode():
        return False
    outcome = await commands.run("init", "-input=false", *([] if backend else ["-backend=false"]))
    if outcome.interrupted or outcome.killed:
        raise RunCanceled("The initialization was canceled.", "Nothing was changed.")
    if outcome.exit_code != 0:
        reason = first_error(driver.store, driver.record.log_start)
        raise TerraformFailed(
            f"{commands.executable.product} init failed{': ' + reason if reason else ''}.",
            "See the log for Terraform's full message.",
        )
    if backend:
        write_whole(mark, _fingerprint(commands))
    return True


async def install(
    commands: Commands, gate: Gate, session: MfaSession | None, *, always: bool = False, backend: bool = True
) -> bool:
    """Initialize if needed, then inspect what that has installed; True if it was needed.

    Args:
        commands: commands of the phase.
        gate: MFA gate of the run.
        session: MFA session, for roles in modules that were installed; None without one.
        always: as in `initialize`.
        backend: as in `initialize`.

    Raises:
        TerraformFailed, RunCanceled: as `initialize` does.
        MfaBypass, ConfigurationError, RoleRefused: what was installed is not allowed.
    """
    initialized = await initialize(commands, always=always, backend=backend)
    if initialized:
        await inspect_again(commands.driver, gate, commands.executable, session)
    return initialized


def _fingerprint(commands: Commands) -> str:
    configuration = commands.driver.read_configuration(commands.executable, commands.given.environ)
    return init_fingerprint(configuration, commands.executable, commands.given.environ)
