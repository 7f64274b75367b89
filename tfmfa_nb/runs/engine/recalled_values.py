"""The values of variables that another kernel's plan was made with, for its apply: the saved plan has them in it.

What holds a secret is not recalled, and has to be given again. Nothing is written.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import TerraformFailed
from tfmfa_nb.runs.engine.applicable import VAR, VAR_FILE, given_of
from tfmfa_nb.runs.gate.inspection import inspect
from tfmfa_nb.runs.gate.unchanged import inspected_of
from tfmfa_nb.terraform.hcl_values import to_variable
from tfmfa_nb.terraform.secret_variables import holds_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable


async def inspect_as_planned(driver: Driver, gate: Gate, executable: Executable) -> None:
    """Inspect the configuration with the values of the line that the plan was made with, as far as they are known.

    Args:
        driver: driver of a planned run.
        gate: MFA gate of the run.
        executable: Terraform or OpenTofu.

    Raises:
        MfaBypass, RoleRefused, ConfigurationError: as `inspect` does.
        RunStateError: the saved plan no longer exists.
    """
    await _recall(driver, gate, executable)
    await inspect(driver, gate, executable)


async def _recall(driver: Driver, gate: Gate, executable: Executable) -> None:
    """Give the apply the values that only the kernel of the plan knew, if they are provably those of the plan.

    They are if the hash of what was checked, which the record has, is that of what is there with these values. Where it
    is not, what is missing stays missing.
    """
    record, known = driver.record, driver.options
    missing = [one for one in record.given if one not in given_of(driver)]
    if not missing:
        return
    try:
        plan = await driver.read_plan(executable, gate.environ)
    except TerraformFailed:  # as an OpenTofu that needs the values to read the configuration
        return
    configuration = driver.read_configuration(executable, gate.environ)
    recalled = tuple(_recalled(missing, plan.document.get("variables") or {}, configuration))
    driver.options = replace(known, variables=(*recalled, *known.variables))  # files first: a value was the last word
    now = await asyncio.to_thread(inspected_of, driver, gate, configuration)
    if now.sha256 != record.configuration_sha256:
        driver.options = known


def _recalled(
    missing: list[str], planned: Mapping[str, Any], configuration: Configuration
) -> Iterator[tuple[str, str]]:
    """The options as they are given on a line; those of files first."""
    for one in missing:
        file = one.removeprefix(f"{VAR_FILE} ")
        if file != one and Path(file).is_file():
            yield "var_file", file
    for one in missing:
        name = one.removeprefix(f"{VAR} ")
        if name in planned and not holds_secret(configuration.root, name):
            yield "var", f"{name}={to_variable(planned[name].get('value'))}"
