"""Inspects a configuration again where it may have changed: after `init`, and after a prompt was open for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import AuthenticationError
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.protocol.layout import CONFIGURATION
from tfmfa_nb.runs.events import RolesChanged
from tfmfa_nb.runs.gate.inspection import inspect
from tfmfa_nb.runs.gate.roles import check_run_roles, turn_red, unchecked_roles
from tfmfa_nb.runs.gate.unchanged import changed, changes_since, check_policy, check_program, say_some

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.model.roles import RoleChain
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.executable import Executable


async def inspect_again(driver: Driver, gate: Gate, executable: Executable, session: MfaSession | None) -> None:
    """Inspect the configuration again after `init`, which may have installed modules with their own providers.

    Raises:
        MfaBypass, ConfigurationError, RoleRefused: the configuration is not allowed.
        AuthenticationError: what was installed requires a code, and the phase has begun without one.
    """
    before = driver.record.chains
    await inspect(driver, gate, executable)
    begun = driver.record.status is not Status.PENDING  # else, a code is still asked for
    if begun and session is None and driver.record.level.asks_before(driver.record.phase):
        what = f'requires an MFA code: the level of this run is now "{driver.record.level}".'
        remedy = "Run the cell again: it asks for the code first."
        raise turn_red(driver, AuthenticationError(f"What `init` has installed {what}", remedy))
    chains = driver.record.chains
    if session is not None and chains != before:
        driver.roles = unchecked_roles(chains)
        driver.tell(RolesChanged(driver.roles))
        await check_run_roles(driver, gate.aws, session, chains, gate.keeping_session(driver))


async def look_again(
    driver: Driver, gate: Gate, executable: Executable, check: Callable[[], Awaitable[None]]
) -> Sequence[RoleChain]:
    """Inspect what has changed while the prompt was open, before the code is used.

    Args:
        driver: driver of the run.
        gate: MFA gate of the run.
        executable: Terraform or OpenTofu.
        check: called if anything has changed; makes sure that the configuration is still valid.

    Returns:
        The role chains of what will run.

    Raises:
        MfaBypass, ConfigurationError, RoleRefused: the configuration is not allowed; or the program, the cell's own
            HCL, or what a saved plan was made from, is no longer there.
        TfmfaError: as `check` and `check_policy` do.
    """
    await check_policy(driver, gate)
    await check_program(driver, gate)
    names = await changes_since(driver, gate, executable)
    if names:
        if driver.record.plan_sha256 or (driver.options.configuration is not None and CONFIGURATION in names):
            raise turn_red(driver, changed(names))
        await inspect(driver, gate, executable)
        driver.note(f"Changed while the prompt was open, and checked again: {say_some(names)}.")
        await check()
        driver.roles = unchecked_roles(driver.record.chains)
        driver.tell(RolesChanged(driver.roles))
    return driver.record.chains
