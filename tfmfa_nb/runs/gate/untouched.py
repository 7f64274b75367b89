"""What Terraform read with the phase's session is what was checked.

A file can be changed while Terraform runs, and changed back before anybody looks: a saved plan shows that for the
configuration, but not for the files of variables and what `init` keeps, and a plan that fails is not saved.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import MfaBypass, TfmfaError
from tfmfa_nb.runs.events import Authenticated
from tfmfa_nb.runs.gate.roles import turn_red
from tfmfa_nb.runs.gate.unchanged import inspected_now, say_some

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from pathlib import Path

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.model.errors import AuthenticationError
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.executable import Executable


@asynccontextmanager
async def untouched(
    driver: Driver, gate: Gate, executable: Executable, session: MfaSession | None, besides: Collection[Path] = ()
) -> AsyncIterator[None]:
    """Take back that the phase is authenticated if a file changes that its inspection rests on, while the block runs.

    Args:
        driver: driver of the run, whose files were just inspected.
        gate: MFA gate of the run.
        executable: Terraform or OpenTofu, which runs meanwhile.
        session: session of the phase; None if it requires no code, and nothing is said that could be wrong.
        besides: files and folders that Terraform itself may write.

    Raises:
        MfaBypass: a file has changed. An error of the block is raised instead, if there is one.
    """
    if session is None:
        yield
        return
    try:
        yield
    except BaseException:
        with suppress(TfmfaError):
            await _check(driver, gate, executable, besides)
        raise
    await _check(driver, gate, executable, besides)


def take_back(driver: Driver, error: MfaBypass) -> AuthenticationError:
    """Take back that the phase is authenticated, if it was: AWS may have seen other credentials. Returns `error`."""
    if driver.record.authenticated_by:
        driver.tell(Authenticated())
        driver.store.audit("mfa", result="bypassed", reason=error.problem)
    return turn_red(driver, error)


async def _check(driver: Driver, gate: Gate, executable: Executable, besides: Collection[Path]) -> None:
    now = await inspected_now(driver, gate, executable)
    if files := driver.inspected.touched(now, besides):
        folder = driver.environment.folder
        names = [str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file) for file in files]
        raise take_back(
            driver,
            MfaBypass(
                f"{say_some(names)} changed while Terraform ran, so nobody knows what Terraform has read.",
                "Find out what changed it, and plan again.",
            ),
        )
