"""The locks that a dead run left: the environment's, and Terraform's lock of the state.

Neither is taken from a process that is alive, and each freeing is in the audit trail before it happens.
"""

from __future__ import annotations

import asyncio
import getpass
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from tfmfa_nb.environments import Holder, holder_of
from tfmfa_nb.model.errors import EnvironmentLocked, RunStateError, TfmfaError
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.events import LogStarted, PhaseStarted
from tfmfa_nb.runs.history.listing import run_ids
from tfmfa_nb.runs.history.probe import PACE
from tfmfa_nb.runs.history.restore import run_of
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.holder import how_to_follow, run_of_holder
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.state_lock import StateLock, is_terraform, read_state_lock
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.runs.run import Run

_SUPERVISOR = "tfmfa_nb.terraform.supervisor"
_LOOKED_AT = 20  # runs, the newest first, in which a refusal by the state's lock is looked for
_A_MOMENT = 2.0  # seconds in which a process that has the lock may yet end


@dataclass(frozen=True, slots=True)
class LeftLock:
    """An environment's lock whose run has ended, and that programs keep which its Terraform started.

    Attributes:
        holder: who took it.
        programs: who has it: "sleep (process 4711)".
    """

    holder: Holder
    programs: tuple[str, ...]


async def left_lock(environment: Environment) -> LeftLock | None:
    """The environment's lock, if a dead run left it; None where it is free.

    Raises:
        EnvironmentLocked: whoever holds it lives, or cannot be seen from here.
    """
    deadline = time.monotonic() + _A_MOMENT
    while (holder := holder_of(environment.files.lock)) is not None:
        having = _having_open(environment.files.lock)
        alive = [process for process in having if _belongs(process, holder)]
        if having and not alive:
            return LeftLock(holder, tuple(f"{_name(process)} (process {process.pid})" for process in having))
        if time.monotonic() >= deadline:  # until then it may be one that is ending
            who = f"Process {alive[0].pid} of that run lives" if alive else "Whoever has it cannot be seen from here"
            raise EnvironmentLocked(
                f"The environment is locked by a run: {holder}. {who}, so the lock is not taken from it.",
                how_to_follow(environment, holder) or "Wait for it, or look where it runs.",
            )
        await asyncio.sleep(PACE)
    return None


async def free_lock(environment: Environment, left: LeftLock) -> None:
    """Put the lock out of the way; the next run makes a new one.

    Raises:
        EnvironmentLocked: it is another's by now.
        ConfigurationError: it cannot be recorded.
    """
    if await left_lock(environment) != left:
        raise EnvironmentLocked("The environment's lock has changed hands.", "Look again with %tfruns.")
    RunStore(environment, run_of_holder(left.holder)).audit(
        "forced_unlock",
        what="environment",
        holder=str(left.holder),
        programs=list(left.programs),
        by=getpass.getuser(),
    )
    environment.files.lock.unlink(missing_ok=True)


def refusing_lock(environment: Environment) -> tuple[str, StateLock] | None:
    """The run that the state's lock refused, and that lock; None where the newest runs were not refused."""
    for run_id in run_ids(environment)[:_LOOKED_AT]:
        store = RunStore(environment, run_id)
        lock = None
        with suppress(OSError):
            lock = read_state_lock(store.files.log.read_text(encoding="utf-8", errors="replace").splitlines())
        if lock is not None:
            return run_id, lock
        try:
            status = store.load().status
        except TfmfaError:
            continue
        if status in {Status.PLANNED, Status.PLANNED_AND_FINISHED, Status.APPLIED}:
            return None  # Terraform had the lock, and gave it back
    return None


def check_holder(lock: StateLock, environment: Environment, environ: Mapping[str, str]) -> None:
    """Make sure that no Terraform of this machine can be the holder of the state's lock.

    Raises:
        RunStateError: one lives that may be, or there is nothing to free.
    """
    if lock.path and (environment.folder / lock.path).is_file():
        raise RunStateError(
            f"The state is a file on this machine ({lock.path}): its lock ended with the process that held it.",
            "Plan again with %%tfplan.",
        )
    data = data_folder(environment.folder, environ)
    for process in lock.possible_holders(data) if lock.here or not lock.who else ():
        raise RunStateError(
            f"The state is locked by {lock.who}, and {_name(process)} (process {process.pid}), which was there when "
            f"that lock was taken, lives: the lock is not taken from it.",
            "Wait for its end, or stop it where it runs.",
        )


def refused_run(environment: Environment, run_id: str, base: Path) -> Run:
    """The run `run_id` that a lock refused, as `unlock_state` takes it.

    Raises:
        RunStateError: there is no record of it that can be understood, or it has not ended.
    """
    run = run_of(environment, read_verified(environment, run_id)[0], base)
    driver = run.driver
    if not driver.record.status.final:
        raise RunStateError(f"{run_id} is {run.status}.", f"See it to its end: %tfruns {environment.option} follow")
    # What it was told before is no part of what follows.
    driver.tell(PhaseStarted(Phase.UNLOCK, 0.0))
    driver.tell(LogStarted(run.log_lines, run.log_lines))
    return run


def _having_open(path: Path) -> list[psutil.Process]:
    """The processes that have the file at `path` open, as far as may be seen."""
    found, real = [], str(path.resolve())
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(opened.path == real for opened in process.open_files()):
                found.append(process)
    return found


def _belongs(process: psutil.Process, holder: Holder) -> bool:
    """Whether `process` is part of the run itself, or may be."""
    try:
        return process.pid == holder.pid or is_terraform(process) or _SUPERVISOR in process.cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return "a program"
