"""What would make a command fail, as far as it is known before a code is asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.runs.engine.forced_unlock import check_not_held
from tfmfa_nb.runs.engine.preflight import can_be_asked, check_configuration, installed_before_the_code
from tfmfa_nb.runs.engine.workspaces import check_known
from tfmfa_nb.terraform.addresses import nearest, parse_address
from tfmfa_nb.terraform.evaluation import Evaluator
from tfmfa_nb.terraform.instances import Instances
from tfmfa_nb.terraform.local_state import local_instances
from tfmfa_nb.terraform.state_addresses import check_addresses

if TYPE_CHECKING:
    from tfmfa_nb.environments import EnvironmentLock
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.modules import Module


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
        _check_import(driver.read_configuration(executable, gate.environ).root, call)
    if call.kind.values:
        await check_configuration(driver, gate, executable, lock)
    else:
        check_known(driver, driver.read_configuration(executable, gate.environ), gate.environ)
        if call.kind.initialized and can_be_asked(driver, gate):
            await installed_before_the_code(driver, gate, executable, lock)
    if can_be_asked(driver, gate):
        await asyncio.to_thread(_check_state, driver, gate, executable, call)


def _check_state(driver: Driver, gate: Gate, executable: Executable, call: Call) -> None:
    """Make sure that the addresses fit what there is, as far as it is known without credentials.

    Raises:
        ConfigurationError: they do not.
    """
    folder, instances = driver.environment.folder, None
    if driver.findings is not None and driver.findings.backend == "local":
        instances = local_instances(folder, driver.record.workspace, gate.environ)
    check_addresses(call, instances)
    if call.command == "import":
        target, root = parse_address(call.names[0]), driver.read_configuration(executable, gate.environ).root
        values = driver.options.variable_arguments(driver.base)
        if Instances([target], root, Evaluator(folder, executable, gate.environ, values)).exists(target) is False:
            raise ConfigurationError(
                f"There is no such instance as {target}.", "See its count or for_each, and those of its modules."
            )


def _check_import(root: Module, call: Call) -> None:
    """Make sure that the resource of an import is declared.

    Raises:
        ConfigurationError: it is not, or the command has no address and ID.
    """
    try:
        text, _ = call.names
    except ValueError:
        raise ConfigurationError(
            "An import takes the address of a resource and its ID.", "Such as: %tfimport aws_instance.web i-0abc"
        ) from None
    try:
        address = parse_address(text)
    except ValueError:
        address = None
    if address is None or address.mode != "resource":
        raise ConfigurationError(f"{text} is not the address of a managed resource.", "Such as: aws_instance.web")
    if not address.declared_in(root):
        near = nearest(address, root)
        raise ConfigurationError(
            f"The configuration does not declare {address}, into which the import would go.",
            f"Did you mean {near}?" if near else "Declare the resource first.",
        )
