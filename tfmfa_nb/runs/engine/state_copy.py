"""The copy of a state that is kept before a command changes it, and how such a copy is brought back."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tfmfa_nb.environments.atomic_files import usable, write_whole
from tfmfa_nb.model.errors import RunCanceled, RunStateError, TerraformFailed
from tfmfa_nb.runs.engine.failure import first_error, remedy_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.runs.engine.command import Commands
    from tfmfa_nb.runs.store import RunStore

EVENT = "state_copied"
"""The line of the audit trail about a copy, with its SHA-256."""

_SERIAL = re.compile(rb'^  "serial": \d+,$', re.MULTILINE)  # of a state as Terraform writes it


async def copy_state(commands: Commands, environ: Mapping[str, str] = MappingProxyType({})) -> None:
    """Keep a copy of the state in the run's folder, in the session of the phase; without a state, there is none.

    Args:
        commands: commands of the phase.
        environ: process variables that lead Terraform to the state, if it is another one than the folder's.

    Raises:
        TerraformFailed: the state could not be read, so nothing must be changed.
        RunCanceled: a person canceled the run.
        ConfigurationError: the audit trail cannot be written.
    """
    driver = commands.driver
    copy, start = driver.store.files.state_copy, driver.store.log.refresh()
    kept = False
    try:
        outcome = await commands.run("state", "pull", output=copy, environ=environ)
        # Without a state, it has nothing but a line feed.
        kept = outcome.exit_code == 0 and copy.is_file() and copy.stat().st_size > 1
    finally:
        if not kept:
            copy.unlink(missing_ok=True)
    if kept:
        driver.store.audit(EVENT, sha256=_digest(copy))
        driver.note(
            "A copy of the state as it was before, with its secrets, is in the run's folder. To bring it back: "
            f"%tfruns {driver.environment.option} restore-state {driver.record.id}" + (" --force" if environ else "")
            # Another state has another lineage, and its serial says nothing about this one's.
        )
    elif outcome.interrupted or outcome.killed:
        raise RunCanceled(f"The {driver.record.command or 'plan'} was canceled.", "Nothing was changed.")
    elif outcome.exit_code != 0:
        reason = first_error(driver.store, start)
        raise TerraformFailed(
            f"The state could not be copied before the change{': ' + reason if reason else ''}.",
            f"Nothing was changed. {remedy_for(reason, driver)}",
        )


def copy_of(environment: Environment, store: RunStore) -> Path:
    """The copy of the state that a run has kept, if it is still the one that the audit trail names.

    Raises:
        RunStateError: there is none, or its content has changed.
        ConfigurationError: the trail or the copy cannot be read.
    """
    copy = store.files.state_copy
    if not copy.is_file() or copy.is_symlink():
        raise RunStateError(
            f"{store.id} has kept no copy of the state.",
            f"Only a command that changes the state keeps one: %tfruns {environment.option}",
        )
    lines = store.trail.of_runs({store.id}, EVENT, since_change=False).get(store.id, [])
    with usable(copy):
        if not lines or lines[-1].get("sha256") != _digest(copy):
            raise RunStateError(
                f"The copy of the state {copy} is not the one that was kept: its content has changed.",
                "Do not bring it back. Find out who changed it.",
            )
    return copy


@contextmanager
def as_next_state(copy: Path, current: Path, place: Path, *, force: bool = False) -> Iterator[Path]:
    """A file with the state in `copy`, which a backend takes as the one after `current`; deleted at the end.

    Args:
        copy: the copy to bring back.
        current: a copy of the present state; it need not exist.
        place: where the file is written.
        force: take it also where the two belong to different states.

    Raises:
        RunStateError: one of the two is no state, or they belong to different states.
    """
    content = copy.read_bytes()
    if current.is_file():
        old, now = _header(copy), _header(current)
        if old["lineage"] != now["lineage"] and not force:
            raise RunStateError(
                "The copy belongs to another state than the present one: their lineages differ.",
                "Nothing was changed. Make sure that the backend and the workspace are those of the copy. To replace "
                "the present state nevertheless, add --force.",
            )
        serial = max(int(old["serial"]), int(now["serial"])) + 1
        # Only the number is replaced: Python would write other numbers with fewer digits.
        content = _SERIAL.sub(b'  "serial": %d,' % serial, content, count=1)
        if json.loads(content)["serial"] != serial:
            raise RunStateError(f"{copy} is not a state as Terraform writes it.", "Nothing was changed.")
    try:
        write_whole(place, content)
        yield place
    finally:
        place.unlink(missing_ok=True)


def _header(state: Path) -> dict[str, Any]:
    try:
        document = json.loads(state.read_bytes())
        return {name: document[name] for name in ("lineage", "serial")}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise RunStateError(f"{state} is not a state.", "Nothing was changed.") from None


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
