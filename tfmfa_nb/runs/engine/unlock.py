"""`unlock`: frees a state lock that a dead run left behind."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import RunCanceled, TerraformFailed
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runs.engine.command import commands_of
from tfmfa_nb.runs.engine.failure import first_error
from tfmfa_nb.runs.engine.phase import authenticate, lock_environment, phase_of, report_program
from tfmfa_nb.runs.events import LevelChanged
from tfmfa_nb.runs.gate.inspection import inspect
from tfmfa_nb.runs.gate.levels import effective_level, protected_of
from tfmfa_nb.runs.gate.os_user import os_user
from tfmfa_nb.runs.gate.unchanged import check_unchanged
from tfmfa_nb.runs.gate.untouched import untouched

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.state_lock import StateLock

_FAILED = "Failed to unlock state: "


async def unlock(driver: Driver, gate: Gate, lock: StateLock, check_holder: Callable[[], None]) -> None:
    """Run `terraform force-unlock`, after the code that the level requires. The run's record does not change.

    Args:
        driver: driver of the run that the lock blocked.
        gate: MFA gate in front of the unlock.
        lock: the lock to free; Terraform refuses if the lock has changed.
        check_holder: called after the prompt; makes sure again that no process holds the lock.

    Raises:
        TfmfaError: the lock was not freed.
        asyncio.CancelledError: the kernel was interrupted.
    """
    record = driver.store.load()
    facts = {"what": "state", "lock": lock.id, "who": lock.who, "path": lock.path}
    try:
        with ExitStack() as held, phase_of(driver, Phase.UNLOCK, gate.policy):
            gate = gate.with_environ(driver.options.environ)
            executable = driver.ports.terraform.find(gate.environ)
            await report_program(driver, executable)
            environment_lock = await lock_environment(driver, Phase.UNLOCK, held)
            known = protected_of(driver.environment, gate.environ)
            driver.tell(
                LevelChanged(effective_level(driver.environment, gate.policy, driver.record.level, known=known))
            )
            await inspect(driver, gate, executable)
            session = await authenticate(driver, gate, Phase.UNLOCK, executable)
            async with commands_of(driver, gate, executable, environment_lock, session) as commands:
                if session is not None:
                    await check_unchanged(driver, gate, executable, driver.inspected.sha256)
                check_holder()
                driver.store.audit("forced_unlock", **facts, by=os_user(), result="begun")
                variables = driver.options.early_variables(driver.base, executable)
                async with untouched(driver, gate, executable, session):
                    outcome = await commands.run("force-unlock", "-force", lock.id, variables=variables)
                    freed = outcome.exit_code == 0
                    driver.store.audit("forced_unlock", **facts, result="freed" if freed else "failed")
            if outcome.interrupted:
                raise RunCanceled("The unlock was canceled.", "Plan again to see whether the state is still locked.")
            if not freed:
                raise TerraformFailed(
                    f"The state was not unlocked: {_reason(driver).rstrip('.')}.",
                    "If another process has taken the lock, wait for that process; otherwise see the log.",
                )
    finally:
        driver.store.save(record)


def _reason(driver: Driver) -> str:
    log, start = driver.store.log, driver.record.log_start
    lines = log.lines(start, log.refresh())
    reason = next((line.partition(_FAILED)[2] for line in lines if _FAILED in line), "")
    return reason or first_error(driver.store, start)
