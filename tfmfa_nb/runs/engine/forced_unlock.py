"""`force-unlock` as a command of its own: on the conditions of `%tfruns unlock`, and as visible in the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.runs.gate.os_user import os_user
from tfmfa_nb.runs.history.left_locks import check_holder, refusing_lock
from tfmfa_nb.terraform.state_lock import StateLock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.command_table import Call

_COMMAND = "force-unlock"


def check_not_held(driver: Driver, call: Call, environ: Mapping[str, str]) -> None:
    """Make sure that no live process on this machine can hold the lock that the command frees.

    Args:
        driver: driver of the run.
        call: the command; there is nothing to check for any other one.
        environ: for `TF_DATA_DIR`.

    Raises:
        RunStateError: a process may be the holder.
    """
    if call.command == _COMMAND:
        check_holder(_lock(driver, call), driver.environment, environ)


def begin_unlock(driver: Driver, call: Call, environ: Mapping[str, str]) -> None:
    """Check again, after the prompt, and record that the lock is about to be freed.

    Raises:
        RunStateError: a process may be the holder.
        ConfigurationError: the audit trail cannot be written.
    """
    check_not_held(driver, call, environ)
    if call.command == _COMMAND:
        lock = _lock(driver, call)
        driver.store.audit(
            "forced_unlock", what="state", lock=lock.id, who=lock.who, path=lock.path, by=os_user(), result="begun"
        )


def end_unlock(driver: Driver, call: Call, *, freed: bool) -> None:
    """Record whether the lock was freed.

    Raises:
        ConfigurationError: the audit trail cannot be written.
    """
    if call.command == _COMMAND:
        driver.store.audit("forced_unlock", lock=_lock(driver, call).id, result="freed" if freed else "failed")


def _lock(driver: Driver, call: Call) -> StateLock:
    """The lock of the command: what the newest run that was blocked says of it, or else no more than its ID."""
    named = next(iter(call.names), "")
    blocked = refusing_lock(driver.environment)
    return blocked[1] if blocked and blocked[1].id == named else StateLock(named)
