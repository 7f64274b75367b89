"""What would fail without a code fails before one is asked for: `init`, `validate`, and missing values.

Nothing here has credentials. What needs them, such as a backend or a module in S3, is left to the phase itself.
"""

from __future__ import annotations

import asyncio
import difflib
import re
from typing import TYPE_CHECKING

from tfmfa_nb.authentication.aws_regions import mistyped
from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.model.errors import ConfigurationError, TerraformFailed
from tfmfa_nb.organization.variables import endpoint_of
from tfmfa_nb.runs.engine.command import commands_without_credentials
from tfmfa_nb.runs.engine.init import initialize, is_initialized
from tfmfa_nb.runs.engine.workspaces import check_known
from tfmfa_nb.terraform.required_values import missing_values, undeclared_values
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from tfmfa_nb.environments import EnvironmentLock
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.executable import Executable

# Sources of modules that only AWS credentials open (https://developer.hashicorp.com/terraform/language/modules/sources).
_FROM_AWS = re.compile(r"s3::|amazonaws\.com|codecommit", re.IGNORECASE)
_MAX_DETAIL = 300  # characters in a remedy


async def check_configuration(driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock) -> None:
    """Make sure that the workspace exists and, before a code is asked for, that the configuration is valid.

    Raises:
        ConfigurationError: a variable has no value, a value has no variable, or a Region does not exist.
        TerraformFailed: the configuration cannot be initialized, or is not valid.
        RunCanceled: the initialization was canceled.
        MfaBypass, RoleRefused: a module that was installed is not allowed.
    """
    check_known(driver, driver.read_configuration(executable, gate.environ), gate.environ)
    if not _can_be_asked(driver, gate):
        return
    _check_values(driver, gate, executable)
    await asyncio.to_thread(_check_regions, driver, gate, executable)
    if not await _installed(driver, gate, executable, lock):
        return
    mark, state = driver.environment.files.validated, f"{executable.version} {driver.inspected.sha256}"
    if mark.is_file() and mark.read_text(encoding="utf-8", errors="replace") == state:
        return
    validate, folder = driver.ports.terraform.validate, driver.environment.folder
    faults = await asyncio.to_thread(validate, executable, folder, gate.environ)
    for fault in faults:
        driver.log(f"Error: {fault}" + (f"\n{fault.detail}" if fault.detail else ""))
    if faults:
        more = f" There are {len(faults) - 1} more errors in the log." if len(faults) > 1 else ""
        detail = " ".join(faults[0].detail.split())[:_MAX_DETAIL]
        raise TerraformFailed(f"The configuration is not valid: {faults[0]}.", f"{detail}{more}".strip())
    write_whole(mark, state)


def _can_be_asked(driver: Driver, gate: Gate) -> bool:
    """Whether the phase requires a code, and there is somebody to ask for it."""
    return driver.record.level.asks_before(driver.record.phase) and gate.prompt.kind is not None


async def check_command(driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock, call: Call) -> None:
    """Make sure that the workspace exists, and that the configuration is valid for a command that evaluates it.

    Raises:
        ConfigurationError: the workspace does not exist, or variables are set that the command does not read.
        TfmfaError: as `check_configuration` does.
    """
    variables = driver.options.variable_arguments(driver.base)
    if variables.words and not call.kind.values:
        raise ConfigurationError(
            f"{call.command} reads no variables, so --var and --var-file have no effect.", "Remove them."
        )
    if call.output is not None and (call.output.is_symlink() or call.output.exists()):
        raise ConfigurationError(f"{call.output} exists already.", "Name a new file.")
    if call.kind.values:
        await check_configuration(driver, gate, executable, lock)
        return
    check_known(driver, driver.read_configuration(executable, gate.environ), gate.environ)
    if call.kind.initialized and _can_be_asked(driver, gate):
        await _installed(driver, gate, executable, lock)


def _check_values(driver: Driver, gate: Gate, executable: Executable) -> None:
    configuration = driver.read_configuration(executable, gate.environ)
    variables = driver.options.variable_arguments(driver.base)
    for name in undeclared_values(configuration, variables):
        declared = [block.labels[0] for block in configuration.blocks if block.type == "variable" and block.labels]
        near = difflib.get_close_matches(name, declared, n=1)
        raise ConfigurationError(
            f"--var {name}=… is for a variable that the configuration does not declare.",
            f"Did you mean {near[0]}?" if near else f'Declare it: variable "{name}" {{}}',
        )
    missing = missing_values(configuration, variables, gate.environ)
    if missing:
        names = ", ".join(f"{block.labels[0]} ({block.place})" for block in missing)
        first = missing[0].labels[0]
        raise ConfigurationError(
            f"{'These variables have' if len(missing) > 1 else 'This variable has'} no value: {names}.",
            f"Pass --var {first}=… or --var-file, set TF_VAR_{first}, or add a default.",
        )


def _check_regions(driver: Driver, gate: Gate, executable: Executable) -> None:
    configuration = driver.read_configuration(executable, gate.environ)
    blocks = [block for module in configuration.modules for block in module.blocks]
    if any("skip_region_validation" in block.attributes for block in blocks):
        return
    regions = {chain.region: chain.place for chain in driver.record.chains if chain.region}
    endpoint = endpoint_of(gate.environ, "", profile=gate.profile)
    if endpoint.region and not endpoint.url:
        regions.setdefault(endpoint.region, "")
    for region, place in regions.items():
        if (meant := mistyped(region)) is not None:
            where = f"{place}: " if place else ""
            remedy = f"Did you mean {meant}?" if meant else "Set a Region such as us-east-1."
            raise ConfigurationError(f'{where}"{region}" is not an AWS Region.', remedy)


async def _installed(driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock) -> bool:
    """Install providers and modules if needed. False if AWS credentials may be needed for that."""
    configuration = driver.read_configuration(executable, gate.environ)
    # Without a backend of its own, a configuration has its state in a file here.
    local = not {"backend", "cloud"} & {inner.type for block in configuration.blocks for inner in block.blocks}
    async with commands_without_credentials(driver, gate, executable, lock) as commands:
        # Without the backend of the configuration, `init` opens the one that it has kept.
        if (data_folder(driver.environment.folder, gate.environ) / "terraform.tfstate").is_file():
            return is_initialized(commands)
        start = driver.store.log.refresh()
        try:
            await initialize(commands, gate, None, backend=local)
        except TerraformFailed:
            if any(map(_FROM_AWS.search, driver.store.log.lines(start, driver.store.log.refresh()))):
                driver.note("A module comes from AWS: it is installed after the code was accepted.")
                return False
            raise
    return True
