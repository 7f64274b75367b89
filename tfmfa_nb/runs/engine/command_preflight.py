"""What would make a command fail, as far as it is known before a code is asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.runs.engine.forced_unlock import check_not_held
from tfmfa_nb.runs.engine.import_target import check_import, check_instance
from tfmfa_nb.runs.engine.preflight import can_be_asked, check_configuration, installed_before_the_code
from tfmfa_nb.runs.engine.workspaces import check_known
from tfmfa_nb.terraform.command_help import check_options
from tfmfa_nb.terraform.local_state import local_instances, local_outputs
from tfmfa_nb.terraform.outputs import check_output
from tfmfa_nb.terraform.state_addresses import check_addresses

if TYPE_CHECKING:
    from tfmfa_nb.environments import EnvironmentLock
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.executable import Executable


async def check_command(driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock, call: Call) -> None:
    """Make sure that the workspace exists, and that the configuration is valid for a command that evaluates it.

    Raises:
        ConfigurationError: the workspace or a file does not exist, or variables are set that the command does not read.
        RunStateError: a live process may hold the lock that the command frees.
        TfmfaError: as `check_configuration` does.
    """
    variables = driver.options.variable_arguments(driver.base)
    if variables.words and not (call.kind.values or call.kind.optional_values):
        raise ConfigurationError(
            f"{call.command} reads no variables, so --var and --var-file have no effect.", "Remove them."
        )
    if call.output is not None and (call.output.is_symlink() or call.output.exists()):
        raise ConfigurationError(f"{call.output} exists already.", "Name a new file.")
    for path in call.files(driver.base).values() if call.reads_files else ():
        if not path.is_file():
            raise ConfigurationError(
                f"The file {path} does not exist.", "Name a file relative to the notebook, also with -C."
            )
    check_not_held(driver, call, gate.environ)
    if call.replaces_lineage:
        driver.note(call.loses)
    if call.command == "import":
        check_import(driver.read_configuration(executable, gate.environ).root, call)
    if call.kind.values:
        await check_configuration(driver, gate, executable, lock)
    else:
        check_known(driver, driver.read_configuration(executable, gate.environ), gate.environ)
        if call.kind.initialized and can_be_asked(driver, gate):
            await installed_before_the_code(driver, gate, executable, lock)
    if can_be_asked(driver, gate):
        await asyncio.to_thread(_check_state, driver, gate, executable, call)


def _check_state(driver: Driver, gate: Gate, executable: Executable, call: Call) -> None:
    """Make sure that the options, the addresses, and the output fit what there is, as far as that is known.

    Raises:
        ConfigurationError: they do not.
    """
    check_options(executable, call, gate.environ)
    local = driver.findings is not None and driver.findings.backend == "local"
    where = (driver.environment.folder, driver.record.workspace, gate.environ)
    check_addresses(call, local_instances(*where) if local else None)
    if call.wanted:
        check_output(call.wanted, local_outputs(*where) if local else None)
    if call.command == "import":
        check_instance(driver, gate, executable, call)
