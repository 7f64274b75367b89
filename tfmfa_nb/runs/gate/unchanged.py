"""What was inspected is what runs: the program, the policy, and one hash of everything that an inspection rests on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import AuthenticationError, MfaBypass
from tfmfa_nb.runs.gate.roles import turn_red
from tfmfa_nb.terraform.examined_tests import files_of_tests
from tfmfa_nb.terraform.inspected_files import Inspected, inspected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable

_MAX_NAMED = 3
_SOMETHING = "The configuration, its variables, a file that it reads, or its backend"


def inspected_of(driver: Driver, gate: Gate, configuration: Configuration) -> Inspected:
    """Everything that an inspection of `configuration` rests on."""
    options = driver.options
    tests = files_of_tests(configuration.folder) if options.call and options.call.command == "test" else ()
    return inspected(
        configuration,
        gate.environ,
        options.variable_arguments(driver.base),
        options.backend_arguments(driver.base),
        tests,
    )


async def changes_since(driver: Driver, gate: Gate, executable: Executable) -> list[str]:
    """The names of the files and variables that have changed since the last inspection."""
    return driver.inspected.differences(await inspected_now(driver, gate, executable))


async def check_program(driver: Driver, gate: Gate) -> None:
    """Make sure that the program is still the one that was reported, before it gets the phase's credentials.

    Raises:
        MfaBypass: another program, or another content of the file, has taken its place.
    """
    found = await asyncio.to_thread(lambda: driver.ports.terraform.find(gate.environ).facts)
    if found != driver.record.program:
        what = found["path"] if found["path"] == driver.record.program["path"] else "The program that runs as Terraform"
        raise turn_red(
            driver,
            MfaBypass(
                f"{what} has changed since the run started.",
                "It was not started. Find out who changed it, then run the cell again.",
            ),
        )


async def check_policy(driver: Driver, gate: Gate) -> None:
    """Make sure that the organization policy is still the one against which the phase was checked.

    A phase is checked against one policy as a whole, its prompt and the endpoint of its code included: what an owner
    changes meanwhile ends it, before a code is used and before Terraform starts.

    Raises:
        AuthenticationError: an owner has changed the policy.
        ConfigurationError: the policy cannot be read, or cannot be trusted.
    """
    if gate.read_policy is None:
        return
    now = await asyncio.to_thread(gate.read_policy)
    if now != gate.policy:
        files = sorted({str(path) for path, _ in {*now.files} ^ {*gate.policy.files}})
        raise turn_red(
            driver,
            AuthenticationError(
                f"The organization policy has changed since the run was checked: {say_some(files)}.",
                "Terraform was not started. Run the cell again, so that it is checked against the policy of now.",
            ),
        )


async def check_unchanged(driver: Driver, gate: Gate, executable: Executable, sha256: str) -> None:
    """Make sure that what was inspected is what Terraform will run.

    Args:
        driver: driver of the run.
        gate: MFA gate of the run.
        executable: Terraform or OpenTofu.
        sha256: hash of what was inspected at that time.

    Raises:
        MfaBypass: the configuration, its variables, or what `init` has kept differs.
    """
    now = await inspected_now(driver, gate, executable)
    # What another kernel has inspected is only known by its hash.
    names = driver.inspected.differences(now) if driver.inspected.sha256 == sha256 else []
    if names or now.sha256 != sha256:
        raise turn_red(driver, changed(names))
    driver.inspected = now  # for the files' stamps: what is written from here on is written while Terraform runs


async def inspected_now(driver: Driver, gate: Gate, executable: Executable) -> Inspected:
    """Everything that an inspection rests on, as it is now."""
    configuration = driver.read_configuration(executable, gate.environ)
    return await asyncio.to_thread(inspected_of, driver, gate, configuration)


def changed(names: Sequence[str]) -> MfaBypass:
    """The error about files and variables that have changed since they were checked; without names if not known."""
    what = f"{say_some(names)} {'has' if len(names) == 1 else 'have'}" if names else f"{_SOMETHING} has"
    return MfaBypass(
        f"{what} changed since {'they were' if len(names) > 1 else 'it was'} checked.",
        "Terraform was not started. Plan again, so that what runs is what was checked.",
    )


def say_some(names: Sequence[str]) -> str:
    """The first names, and how many more: "main.tf, a.tf, b.tf and 2 more"."""
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
