"""What all phases of a run share: start, end, the environment's lock, and authentication."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments.atomic_files import usable
from tfmfa_nb.model.errors import ConfigurationError, RunCanceled, TfmfaError
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runs.engine.outcome import settle
from tfmfa_nb.runs.engine.room import check_room
from tfmfa_nb.runs.events import Authenticated, LogStarted, PhaseEnded, PhaseStarted, PolicyKnown, ProgramFound
from tfmfa_nb.runs.gate.reinspection import look_again
from tfmfa_nb.runs.holder import how_to_follow, purpose_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from contextlib import ExitStack

    from tfmfa_nb.authentication.mfa_session import MfaSession
    from tfmfa_nb.environments import EnvironmentLock
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.executable import Executable


@contextmanager
def phase_of(driver: Driver, phase: Phase, policy: Policy) -> Iterator[None]:
    """Start a phase under `policy`. However it ends, set a status that reflects the outcome."""
    driver.canceling, before = False, driver.record.status
    driver.tell(PhaseStarted(phase, driver.ports.clock()))
    driver.tell(PolicyKnown({str(path): sha256 for path, sha256 in policy.files}))
    try:
        driver.store.under(policy)
        with usable(driver.store.files.folder):
            lines = driver.store.log.refresh()
            driver.tell(LogStarted(lines, lines))
            yield
    except asyncio.CancelledError as error:
        settle(driver, error)
        raise
    except TfmfaError as error:
        try:
            settle(driver, error)
        except ConfigurationError as unrecorded:  # as on a full disk: it must not hide what happened
            error.remedy = f"{error.remedy} This is not recorded: {unrecorded.problem}".strip()
        raise
    except BaseException:
        settle(driver, TfmfaError("An unexpected error stopped the run."))
        raise
    finally:
        with suppress(OSError):  # it would hide the error that ended the phase
            driver.look_at_log()
        driver.tell(PhaseEnded(driver.ports.clock()))
        # Otherwise, the record already matches the audit trail, or there is none.
        if driver.record.status is not before and not driver.refused:
            with suppress(TfmfaError):
                driver.save()


@contextmanager
def before_phase(driver: Driver) -> Iterator[None]:
    """What has to succeed before a phase can start. Its failure ends the run as one in the phase does."""
    with driver.store.kept_if_used():
        try:
            yield
        except TfmfaError as error:
            settle(driver, error)
            raise


async def report_program(driver: Driver, executable: Executable) -> None:
    """Report the program that is to get the phase's credentials."""
    # In a thread, because a program may have a hundred megabytes.
    file = await asyncio.to_thread(lambda: executable.facts)
    driver.tell(ProgramFound(f"{executable.product} {executable.version}", file))


async def lock_environment(driver: Driver, phase: Phase, held: ExitStack) -> EnvironmentLock:
    """Acquire the environment's lock for as long as `held` lasts.

    The end of the phase is recorded under the lock as well, because an unfinished run without the lock counts as
    abandoned.

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


async def nothing_to_check() -> None:
    """The check of a phase that does not evaluate the configuration, or has it in its saved plan."""


async def authenticate(
    driver: Driver,
    gate: Gate,
    phase: Phase,
    executable: Executable,
    check: Callable[[], Awaitable[None]] = nothing_to_check,
) -> MfaSession | None:
    """The MFA session of the phase; None if the level requires no code.

    The trail's line comes first: what would stop the run at its next line stops it before a code is spent.

    Args:
        driver: driver of the run.
        gate: MFA gate of the run.
        phase: phase that may require a code.
        executable: Terraform or OpenTofu.
        check: makes sure that a configuration that changes while the prompt is open is still valid.

    Raises:
        ConfigurationError: the line cannot be written, signed, or sent, or the disk has too little room.
        TfmfaError: as `Gate.pass_through` does.
    """
    driver.begin("")
    if phase is not Phase.UNLOCK:  # which writes little, and may help to save a state
        check_room(driver)
    record = driver.record
    command = {"command": " ".join([record.command, *record.arguments])} if record.command else {}
    fleet = {"fleet": record.fleet} if record.fleet else {}
    place = {"place": place} if (place := driver.ports.place()) else {}
    if record.requested_by:
        command["requested_by"] = record.requested_by
        driver.note(f"Requested by {record.requested_by}.")
    driver.store.audit(
        "phase", phase=str(phase), level=str(record.level), workspace=record.workspace, **command, **fleet, **place
    )
    if not driver.record.level.asks_before(phase):
        driver.show_indicator(LockIndicator.OPEN, f"No code is needed to {record.purpose}")
        driver.tell(Authenticated())
        return None

    def look() -> Awaitable[Sequence[Any]]:
        if phase is not Phase.UNLOCK:
            check_room(driver)
        return look_again(driver, gate, executable, check)

    return await gate.pass_through(driver, phase, driver.record.chains, look)


def check_ready(driver: Driver) -> None:
    """Stop here if the phase cannot go on after a prompt, which may have been open for a long time.

    Raises:
        RunCanceled: a person has canceled the run.
        ConfigurationError: by now, the disk has too little room.
    """
    check_not_canceled(driver)
    check_room(driver)


def check_not_canceled(driver: Driver) -> None:
    """Stop here if the run has been canceled.

    Raises:
        RunCanceled: a person has canceled the run.
    """
    if driver.canceling:
        raise RunCanceled("The run was canceled.", "Nothing was changed.")
