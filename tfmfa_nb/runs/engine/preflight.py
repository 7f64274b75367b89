"""What would fail without a code fails before one is asked for: `init`, `validate`, and missing values.

Nothing here has credentials. What needs them, such as a backend or a module in S3, is left to the phase itself.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.model.errors import TerraformFailed
from tfmfa_nb.organization.aws_config import settings_without_credentials
from tfmfa_nb.runs.engine.command import commands_without_credentials
from tfmfa_nb.runs.engine.init import backend_changed, initialize, install_modules, is_initialized
from tfmfa_nb.runs.engine.settings_checks import check_settings, note_addresses
from tfmfa_nb.runs.engine.workspaces import check_known
from tfmfa_nb.terraform.backend_check import CHANGED, can_be_checked, kept_type
from tfmfa_nb.terraform.lock_file import lock_file_fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.environments import EnvironmentLock
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.validation import Fault

# Sources of modules that only AWS credentials open (https://developer.hashicorp.com/terraform/language/modules/sources).
_FROM_AWS = re.compile(r"s3::|amazonaws\.com|codecommit", re.IGNORECASE)
_REQUIRED = re.compile(r'attribute "(\w+)" is required')
_MAX_DETAIL = 300  # characters in a remedy


async def check_configuration(driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock) -> None:
    """Make sure that the workspace exists and, before a code is asked for, that the configuration is valid.

    Raises:
        ConfigurationError: the workspace does not exist, or a setting is wrong; see `check_settings`.
        TerraformFailed: the configuration cannot be initialized, or is not valid.
        RunCanceled: the initialization was canceled.
        MfaBypass, RoleRefused: a module that was installed is not allowed.
    """
    configuration = driver.read_configuration(executable, gate.environ)
    check_known(driver, configuration, gate.environ)
    note_addresses(driver, configuration)
    if can_be_asked(driver, gate):
        async with driver.ports.room():
            await _check_before_code(driver, gate, executable, lock, configuration)


async def _check_before_code(
    driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock, configuration: Configuration
) -> None:
    await check_settings(driver, gate, executable, configuration)
    terraform, folder, given = driver.ports.terraform, driver.environment.folder, driver.options
    mark, state = driver.environment.files.validated, f"{executable.version} {driver.inspected.sha256}"
    valid = mark.is_file() and mark.read_text(encoding="utf-8", errors="replace") == state
    if not valid:
        values = given.variable_arguments(driver.base)
        faults = await asyncio.to_thread(terraform.check_values, configuration, executable, gate.environ, values)
        _raise_first(driver, "The value of a variable is not valid", faults)
    installed = await installed_before_the_code(driver, gate, executable, lock)
    if installed and valid:
        return
    early = given.early_variables(driver.base, executable)
    faults = await asyncio.to_thread(terraform.validate, executable, folder, gate.environ, early)
    if found := lock_file_fault(f"{fault.summary} {fault.detail}" for fault in faults):
        raise TerraformFailed(found.problem, found.remedy)
    if not installed:
        faults = [fault for fault in faults if not fault.mended_by_init]
    _raise_first(driver, "The configuration is not valid", faults)
    if installed:
        write_whole(mark, state)


def _raise_first(driver: Driver, what: str, faults: Sequence[Fault]) -> None:
    """Write all to the log, and raise the first.

    Raises:
        TerraformFailed: there are any.
    """
    for fault in faults:
        driver.log(f"Error: {fault}" + (f"\n{fault.detail}" if fault.detail else ""))
    if faults:
        others = len(faults) - 1
        more = f" The log has {others} more {'error' if others == 1 else 'errors'}." if others else ""
        detail = " ".join(faults[0].detail.split())[:_MAX_DETAIL]
        raise TerraformFailed(f"{what}: {faults[0]}.", f"{detail}{more}".strip())


def can_be_asked(driver: Driver, gate: Gate) -> bool:
    """Whether the phase requires a code, and there is somebody to ask for it."""
    return driver.record.level.asks_before(driver.record.phase) and gate.prompt.kind is not None


async def installed_before_the_code(driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock) -> bool:
    """Install modules, and providers if no backend is needed for it. False if that may have left something to install.

    Raises:
        TerraformFailed: they cannot be installed, or the backend cannot be used.
        TfmfaError: as `initialize` does.
    """
    configuration = driver.read_configuration(executable, gate.environ)
    # Without a backend of its own, a configuration has its state in a file here.
    local = not {"backend", "cloud"} & {inner.type for block in configuration.blocks for inner in block.blocks}
    async with commands_without_credentials(driver, gate, executable, lock) as commands:
        if is_initialized(commands):
            return True
        kept, findings = kept_type(driver.environment.folder, gate.environ), driver.findings
        # Credentials in the configuration, which the policy allows, would open the backend before the code.
        if findings is not None and not findings.bypasses and any(map(can_be_checked, (findings.backend, kept))):
            await _check_backend(driver, gate, executable)
        start = driver.store.log.refresh()
        try:
            if kept:  # without the backend of the configuration, `init` opens the one that it has kept
                await install_modules(commands, gate)
                return False
            await initialize(commands, gate, None, backend=local)
        except TerraformFailed:
            if any(map(_FROM_AWS.search, driver.store.log.lines(start, driver.store.log.refresh()))):
                driver.note("A module comes from AWS: it is installed after the code was accepted.")
                return False
            raise
    return True


async def _check_backend(driver: Driver, gate: Gate, executable: Executable) -> None:
    """Make sure that `init` will open the backend once it has credentials."""
    if driver.options.migrate_state:  # it would begin
        return
    check, folder = driver.ports.terraform.check_backend, driver.environment.folder
    carried = await asyncio.to_thread(settings_without_credentials, gate.environ, gate.profile)
    arguments = driver.options.init_arguments(driver.base)
    variables = driver.options.early_variables(driver.base, executable)
    environ = {**carried, **gate.environ}
    faults = await asyncio.to_thread(check, executable, folder, environ, arguments, variables)
    if not faults:
        return
    first = faults[0]
    if first.summary == CHANGED:
        raise backend_changed()
    missing = [found[1] for fault in faults if (found := _REQUIRED.search(fault.detail))]
    if missing:
        options = " ".join(f"--backend-config {name}=…" for name in missing)
        raise TerraformFailed(
            f"{first.place}: the backend has no {' and no '.join(missing)}.",
            f"Write what is missing there, or pass it: {options}, or --backend-config FILE.",
        )
    raise TerraformFailed(f"The backend cannot be used: {first}.", first.detail[:_MAX_DETAIL])
