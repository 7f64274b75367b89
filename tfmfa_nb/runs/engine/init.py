"""`terraform init`, only if something that it depends on has changed, or if a person asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import usable, write_whole
from tfmfa_nb.model.errors import RunCanceled, TerraformFailed
from tfmfa_nb.runs.engine.failure import first_error, remedy_for
from tfmfa_nb.runs.engine.overwritten_state import copy_overwritten
from tfmfa_nb.runs.engine.provider_installation import installing
from tfmfa_nb.runs.engine.workspaces import check_exists
from tfmfa_nb.runs.gate.reinspection import inspect_again
from tfmfa_nb.runs.gate.untouched import untouched
from tfmfa_nb.terraform.init_fingerprint import init_fingerprint, init_needed
from tfmfa_nb.terraform.lock_file import lock_file_fault
from tfmfa_nb.terraform.variable_arguments import NO_VARIABLES
from tfmfa_nb.terraform.working_directory import LOCK_FILE, WORKSPACE, data_folder

if TYPE_CHECKING:
    from collections.abc import Collection

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.runs.engine.command import Commands
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.variable_arguments import VariableArguments

# What `init` says where it would need a person's word on the state in the former backend.
_BACKEND_CHANGED = ("Backend configuration changed", "state migration")


async def initialize(
    commands: Commands, gate: Gate, session: MfaSession | None, *, always: bool = False, backend: bool = True
) -> bool:
    """Run `terraform init` if it is needed, and inspect again what it has brought; return True if it ran.

    Args:
        commands: commands of the phase.
        gate: MFA gate of the run.
        session: session of the phase.
        always: run it even if nothing has changed, because Terraform asked for it.
        backend: initialize the backend too, which may need credentials; without it, `init` runs again with it.

    Raises:
        TerraformFailed: `terraform init` failed.
        RunCanceled: `terraform init` was canceled.
        ConfigurationError: the run's workspace does not exist.
        TfmfaError: as `inspect_again` does.
    """
    ran = await _initialize(commands, gate, session, always=always, backend=backend)
    if ran:
        await inspect_again(commands.driver, gate, commands.executable, session)
    if backend and commands.driver.options.workspace:
        await check_exists(commands)
    return ran


async def install_modules(commands: Commands, gate: Gate) -> None:
    """Run `terraform get` if there are modules, and inspect again what it has brought: it opens no backend.

    Raises:
        TerraformFailed: `terraform get` failed.
        RunCanceled: `terraform get` was canceled.
        TfmfaError: as `inspect_again` does.
    """
    driver = commands.driver
    configuration = driver.read_configuration(commands.executable, commands.given.environ)
    if any(block.type == "module" for block in configuration.blocks):
        await _run(commands, "get", variables=driver.options.early_variables(driver.base, commands.executable))
        await inspect_again(driver, gate, commands.executable, None)


def is_initialized(commands: Commands) -> bool:
    """True if nothing has changed since the last `terraform init`, and nobody asks for another one."""
    options = commands.driver.options
    asked = options.reconfigure or options.migrate_state or options.upgrade
    return not asked and not init_needed(_last_fingerprint(commands), _fingerprint(commands))


def backend_changed() -> TerraformFailed:
    """The error about a backend that is not the one that `init` has kept."""
    return TerraformFailed(
        "The backend has changed since the last `terraform init`.",
        "Plan with --reconfigure to use it as it is now, or with --migrate-state to copy the state into it. A partial "
        "backend needs its --backend-config again.",
    )


async def _initialize(
    commands: Commands, gate: Gate, session: MfaSession | None, *, always: bool, backend: bool
) -> bool:
    driver = commands.driver
    options, before = driver.options, _last_fingerprint(commands)
    if not always and is_initialized(commands):
        return False
    # The workspace of the run may be one that `init` would ask about, or create.
    without = (WORKSPACE,) if options.workspace else ()
    arguments = options.init_arguments(driver.base, backend=backend)
    variables = options.early_variables(driver.base, commands.executable)
    folder = driver.environment.folder
    kept = (data_folder(folder, commands.given.environ), folder / LOCK_FILE)  # inspected again after it
    async with (
        installing(commands),
        untouched(driver, gate, commands.executable, session, kept),
    ):
        if backend and options.migrate_state:
            await copy_overwritten(commands)
        await _run(commands, "init", "-input=false", *arguments, variables=variables, without=without)
    if backend:
        now, _, settings = _fingerprint(commands).partition("\n")
        write_whole(driver.environment.files.init_fingerprint, f"{now}\n{settings or before.partition(chr(10))[2]}")
        driver.options = options.initialized()
    return True


async def _run(
    commands: Commands,
    command: str,
    *arguments: str,
    variables: VariableArguments = NO_VARIABLES,
    without: Collection[str] = (),
) -> None:
    driver = commands.driver
    outcome = await commands.run(command, *arguments, variables=variables, without=without)
    if outcome.interrupted or outcome.killed:
        raise RunCanceled("The initialization was canceled.", "Nothing was changed.")
    if outcome.exit_code == 0:
        return
    reason = first_error(driver.store, driver.record.log_start)
    if any(words in reason for words in _BACKEND_CHANGED):
        raise backend_changed()
    log = driver.store.log
    if fault := lock_file_fault(log.lines(driver.record.log_start, log.refresh())):
        raise TerraformFailed(fault.problem, fault.remedy)
    raise TerraformFailed(
        f"{commands.executable.product} {command} failed{': ' + reason if reason else ''}.",
        remedy_for(reason, driver),
    )


def _last_fingerprint(commands: Commands) -> str:
    mark = commands.driver.environment.files.init_fingerprint
    return mark.read_text(encoding="utf-8", errors="replace") if mark.is_file() else ""


def _fingerprint(commands: Commands) -> str:
    driver, environ = commands.driver, commands.given.environ
    configuration = driver.read_configuration(commands.executable, environ)
    backend = driver.options.backend_arguments(driver.base)
    with usable(driver.environment.folder):
        return init_fingerprint(configuration, commands.executable, environ, backend)
