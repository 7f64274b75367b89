"""What every phase of a run shares: its start, its end, the environment's lock, the session, Terraform's commands."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from tfmfa_nb.environments.files import usable
from tfmfa_nb.model.errors import RunCanceled, TfmfaError
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.runs.engine.command import Commands
from tfmfa_nb.runs.engine.outcome import settle
from tfmfa_nb.runs.events import Authenticated, LogStarted, PhaseEnded, PhaseStarted
from tfmfa_nb.runs.gate.long_term_key import long_term_key
from tfmfa_nb.runs.holder import how_to_follow, purpose_of
from tfmfa_nb.terraform.credentials import child_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import ExitStack

    from tfmfa_nb.authentication.session import MfaSession
    from tfmfa_nb.environments import EnvironmentLock
    from tfmfa_nb.model.statuses import Phase
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.credentials import Credentials
    from tfmfa_nb.terraform.executable import Executable


@contextmanager
def phase_of(driver: Driver, phase: Phase) -> Iterator[None]:
    """Start a phase, and whatever ends it, leave the run in a status that says so."""
    driver.canceling, before = False, driver.record.status
    driver.tell(PhaseStarted(phase, driver.ports.clock()))
    try:
        with usable(driver.store.files.folder):
            lines = driver.store.log.refresh()
            driver.tell(LogStarted(lines, lines))
            yield
    except (asyncio.CancelledError, TfmfaError) as error:
        settle(driver, error)
        raise
    except BaseException:
        settle(driver, TfmfaError("An unexpected error stopped the run."))
        raise
    finally:
        with suppress(OSError):  # which would hide what really ended it
            driver.look_at_log()
        driver.tell(PhaseEnded(driver.ports.clock()))
        if driver.record.status is not before:  # else the record stays as the audit trail has it
            with suppress(TfmfaError):
                driver.save()


async def lock_environment(driver: Driver, phase: Phase, held: ExitStack) -> EnvironmentLock:
    """The environment's lock, for as long as `held` lasts.

    The end of the phase is recorded under it too: whoever finds the lock free takes the run for one that nobody drives.

    Raises:
        EnvironmentLocked: another run holds it for longer than the lock timeout.
    """
    environment = driver.environment
    lock = await driver.ports.lock(
        environment.files.lock,
        purpose=purpose_of(phase, driver.record.id),
        timeout=driver.options.lock_seconds,
        on_wait=driver.note,
        advice=lambda holder: how_to_follow(environment, holder),
    )
    return held.enter_context(lock)


async def authenticate(driver: Driver, gate: Gate, phase: Phase) -> MfaSession | None:
    """The phase's session, or None where the level asks for no code."""
    if not driver.record.level.asks_before(phase):
        driver.show_indicator(LockIndicator.OPEN, f"No MFA code needed to {phase}")
        driver.tell(Authenticated())
        return None
    return await gate.pass_through(driver, phase, driver.record.chains)


@asynccontextmanager
async def commands_of(
    driver: Driver, gate: Gate, executable: Executable, lock: EnvironmentLock, session: MfaSession | None
) -> AsyncIterator[Commands]:
    """Terraform's commands in one phase; at its end no credentials are left, whoever still holds them."""
    credentials: Credentials | None = session
    masked: tuple[Secret, ...] = ()
    try:
        credentials = session or await long_term_key(gate.environ)
        environ, notes = child_environment(gate.environ, credentials=credentials is None)
        for note in notes:
            driver.note(note)
        # The kernel's own keys too: a program that Terraform starts may find them elsewhere and print them.
        names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        masked = tuple(Secret(gate.environ[name]) for name in names if gate.environ.get(name))
        yield Commands(driver, executable, lock, environ, credentials, masked)
    finally:
        for secret in (credentials, *masked):
            if secret is not None:
                secret.forget()


def check_wanted(driver: Driver) -> None:
    """Go on only if nobody canceled the run meanwhile.

    Raises:
        RunCanceled: somebody did.
    """
    if driver.canceling:
        raise RunCanceled("The run was canceled.", "Nothing was changed.")
