"""The locks that a dead run left behind: the environment's lock, and Terraform's state lock.

A lock of a live process is never freed. The audit trail records each freed lock beforehand.
"""

from __future__ import annotations

import asyncio
import getpass
import shlex
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from tfmfa_nb.environments import Holder, holder_of
from tfmfa_nb.model.errors import EnvironmentLocked, RunStateError, TfmfaError
from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.runs.events import LogStarted, PhaseStarted
from tfmfa_nb.runs.history.probe import PACE
from tfmfa_nb.runs.history.restore import run_of
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.holder import how_to_follow, run_of_holder
from tfmfa_nb.runs.run_ids import run_ids
from tfmfa_nb.runs.store import RunStore
from tfmfa_nb.terraform.state_lock import StateLock, is_terraform, lock_object, read_state_lock
from tfmfa_nb.terraform.working_directory import data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.run import Run

_SUPERVISOR = "tfmfa_nb.terraform.supervisor"
_MAX_SEARCHED = 20  # newest runs that are searched for a state lock
_ENDED = ", so its lock ended with the process that held it."
_GRACE = 2.0  # seconds in which a process with the lock may still end


@dataclass(frozen=True, slots=True)
class LeftLock:
    """An environment's lock whose run has ended, but which programs that Terraform started still hold.

    Attributes:
        holder: run that acquired the lock.
        programs: programs that hold it: "sleep (process 4711)".
    """

    holder: Holder
    programs: tuple[str, ...]

    @property
    def run_id(self) -> str:
        """The ID of the run that acquired the lock."""
        return run_of_holder(self.holder)


async def left_lock(environment: Environment) -> LeftLock | None:
    """The environment's lock if a dead run left it behind; None if it is free.

    Raises:
        EnvironmentLocked: the holder is alive, or runs where this machine cannot check.
    """
    deadline = time.monotonic() + _GRACE
    while (holder := holder_of(environment.files.lock)) is not None:
        processes = _processes_with(environment.files.lock)
        alive = [process for process in processes if _belongs(process, holder)]
        if processes and not alive:
            return LeftLock(holder, tuple(f"{_name(process)} (process {process.pid})" for process in processes))
        if time.monotonic() >= deadline:  # before that, the process may be ending
            alive.sort(key=_is_terraform)
            who = (
                f"Process {alive[-1].pid} of that run is still running"
                if alive
                else "The process that holds the lock is not visible from here"
            )
            raise EnvironmentLocked(
                f"The environment is locked by a run: {holder}. {who}, so the lock is not freed.",
                how_to_follow(environment, holder) or "Wait until that run ends, or check the machine that it runs on.",
            )
        await asyncio.sleep(PACE)
    return None


async def free_lock(environment: Environment, left: LeftLock, policy: Policy) -> None:
    """Remove the lock file; the next run creates a new one.

    Raises:
        EnvironmentLocked: the lock has another holder now.
        ConfigurationError: the action cannot be recorded.
    """
    if await left_lock(environment) != left:
        raise EnvironmentLocked("The environment's lock has another holder now.", "Check again with %tfruns.")
    store = RunStore(environment, left.run_id)
    store.under(policy)
    store.audit(
        "forced_unlock",
        what="environment",
        holder=str(left.holder),
        programs=list(left.programs),
        by=getpass.getuser(),
    )
    environment.files.lock.unlink(missing_ok=True)


def refusing_lock(environment: Environment) -> tuple[str, StateLock] | None:
    """The newest run that a state lock blocked, and that lock; None if no recent run was blocked."""
    for run_id in run_ids(environment)[:_MAX_SEARCHED]:
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
            return None  # Terraform acquired the lock and released it
    return None


def check_holder(lock: StateLock, environment: Environment, environ: Mapping[str, str]) -> None:
    """Make sure that no Terraform process on this machine can be the holder of the state lock.

    Raises:
        RunStateError: a process may be the holder, or there is nothing to free.
    """
    if lock.path and (environment.folder / lock.path).is_file():
        raise RunStateError(f"The state is a file on this machine ({lock.path}){_ENDED}", "Plan again with %tfplan.")
    data = data_folder(environment.folder, environ)
    for process in lock.possible_holders(data) if lock.here or not lock.who else ():
        who = f"The state is locked by {lock.who}." if lock.who else "Nobody knows here who holds the lock."
        raise RunStateError(
            f"{who} {_name(process)} (process {process.pid}) was running when that lock was taken and is still "
            "running, so the lock is not freed."
            if lock.created
            else f"{who} {_name(process)} (process {process.pid}) is running, so the lock is not freed.",
            "Wait until it ends, or stop it.",
        )


def check_identified(lock: StateLock, environment: Environment, workspace: str, environ: Mapping[str, str]) -> None:
    """Make sure that Terraform could say whose the lock is; otherwise it cannot free it either.

    Raises:
        RunStateError: the lock has no ID, as where the lock object in S3 is empty.
    """
    if lock.id:
        return
    data = data_folder(environment.folder, environ)
    if not (data / "terraform.tfstate").is_file():
        raise RunStateError(f"The state is a file on this machine{_ENDED}", "Plan again with %tfplan.")
    place = lock_object(data, workspace)
    how = f"delete the lock object: aws s3 rm {shlex.quote(place)}" if place else "delete the lock in the backend"
    raise RunStateError(
        f'The state of "{environment.name}" is locked, and the lock has no ID: it is empty, or not valid. Nobody knows '
        "who holds it, and `terraform force-unlock` cannot free it.",
        f"Make sure that nobody works on that state, then {how}.",
    )


def refused_run(environment: Environment, run_id: str, base: Path, policy: Policy) -> Run:
    """The run `run_id`, which a state lock blocked, for `runs.engine.unlock`.

    Raises:
        RunStateError: the record is missing or not valid, or the run has not ended.
    """
    run = run_of(environment, read_verified(environment, run_id)[0], base, policy)
    driver = run.driver
    if not driver.record.status.final:
        raise RunStateError(
            f"{run_id} is {run.status}.", f"Follow it to its end: %tfruns {environment.option} follow {run_id}"
        )
    # Earlier events of the run do not belong to the unlock.
    driver.tell(PhaseStarted(Phase.UNLOCK, 0.0))
    driver.tell(LogStarted(run.log_lines, run.log_lines))
    return run


def _processes_with(path: Path) -> list[psutil.Process]:
    """The processes that have the file at `path` open, as far as this user can see."""
    processes, real = [], str(path.resolve())
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(opened.path == real for opened in process.open_files()):
                processes.append(process)
    return processes


def _belongs(process: psutil.Process, holder: Holder) -> bool:
    """True if `process` is, or may be, part of the run itself."""
    try:
        return process.pid == holder.pid or is_terraform(process) or _SUPERVISOR in process.cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _is_terraform(process: psutil.Process) -> bool:
    try:
        return is_terraform(process)
    except psutil.Error:
        return False


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return "a program"
