"""What was inspected is what runs: one hash of everything that an inspection rests on, compared again later."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import MfaBypass
from tfmfa_nb.runs.gate.roles import turn_red
from tfmfa_nb.terraform.inspected_files import inspected_sha256

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.executable import Executable


def fingerprint(driver: Driver, gate: Gate, executable: Executable) -> str:
    """The hash of everything that an inspection rests on, as it is now."""
    return inspected_sha256(
        driver.read_configuration(executable, gate.environ),
        gate.environ,
        driver.options.variable_arguments(driver.base),
    )


async def check_unchanged(driver: Driver, gate: Gate, executable: Executable, inspected: str) -> None:
    """Make sure that what was inspected is what Terraform will run.

    Args:
        driver: driver of the run.
        gate: MFA gate of the run.
        executable: Terraform or OpenTofu.
        inspected: `fingerprint` of that time.

    Raises:
        MfaBypass: the configuration, its variables, or what `init` has kept differs.
    """
    if await asyncio.to_thread(fingerprint, driver, gate, executable) != inspected:
        raise turn_red(
            driver,
            MfaBypass(
                "The configuration, its variables, or its backend has changed since it was checked.",
                "Terraform was not started. Plan again, so that what runs is what was checked.",
            ),
        )
