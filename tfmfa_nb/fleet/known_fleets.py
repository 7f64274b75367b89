"""The fleets of this kernel, and what other kernels need to find them: a record of each beside the notebook."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from tfmfa_nb.environments.atomic_files import private_folder, usable, write_whole
from tfmfa_nb.model.errors import RunStateError
from tfmfa_nb.protocol.fleet_records import FLEETS, FleetMember, FleetRecord, fleet_record

if TYPE_CHECKING:
    from pathlib import Path

_MAX_RECORDS = 50  # the newest; a record is small

_fleets: WeakValueDictionary[str, Any] = WeakValueDictionary()


def know(fleet: Any) -> None:
    """From here on, the runs of `fleet`, a mapping with an `id`, are found."""
    _fleets[fleet.id] = fleet


def known_fleet(fleet_id: str) -> Any:
    """The fleet of this kernel with this ID; None if there is none."""
    return _fleets.get(fleet_id)


def run_of_fleet(run_id: str) -> Any:
    """The run of a fleet of this kernel with this ID; None if there is none."""
    runs = (run for fleet in list(_fleets.values()) for run in list(fleet.values()))
    return next((run for run in runs if run.id == run_id), None)


def remember(fleet: Any) -> None:
    """Write the record of a fleet beside its notebook, and delete those that are too many.

    Raises:
        ConfigurationError: it cannot be written.
    """
    base: Path = fleet.base
    folder = private_folder(base / FLEETS)
    ignore = folder / ".gitignore"
    with usable(ignore):
        if not ignore.exists():
            write_whole(ignore, "*\n", 0o644)
    oldest_last = sorted(
        _paths(base), key=lambda path: path.stat().st_mtime_ns, reverse=True
    )  # a name may say anything
    for path in oldest_last[_MAX_RECORDS - 1 :]:
        path.unlink(missing_ok=True)
    record = FleetRecord(id=fleet.id, environments=tuple(_member(fleet, name) for name in fleet))
    write_whole(_record_of(record.id, base), record.text())


def forget(fleet_id: str, base: Path) -> None:
    """Delete the record of a fleet in which nothing has run."""
    with suppress(OSError):
        _record_of(fleet_id, base).unlink()


def request_cancellation(fleet_id: str, base: Path) -> None:
    """Have the kernel that drives a fleet cancel it: that kernel looks for a file beside the record, and deletes it.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    if _record_of(fleet_id, base).exists():
        write_whole(_request_of(fleet_id, base), "")


def cancellation_requested(fleet_id: str, base: Path) -> bool:
    """Whether somebody has had a fleet canceled since this was last asked."""
    try:
        _request_of(fleet_id, base).unlink()
    except OSError:
        return False
    return True


def remembered(base: Path) -> list[FleetRecord]:
    """The records of the fleets of a notebook's folder, newest first; those that cannot be read are left out."""
    return [record for path in _paths(base) if (record := _read(path)) is not None]


def remembered_one(fleet_id: str, base: Path) -> FleetRecord:
    """The record of the fleet with this ID, or with an ID that has this part.

    Raises:
        RunStateError: there is none, or there are several.
    """
    found = [record for record in remembered(base) if fleet_id in record.id]
    if len(found) == 1:
        return found[0]
    if found:
        raise RunStateError(f"{fleet_id!r} matches {len(found)} fleets.", "Use the whole ID.")
    raise RunStateError(f"This folder has no fleet {fleet_id!r}.", "%tfruns names the fleets.")


def _record_of(fleet_id: str, base: Path) -> Path:
    return base / FLEETS / f"{fleet_id}.json"


def _request_of(fleet_id: str, base: Path) -> Path:
    return base / FLEETS / f"{fleet_id}.cancel"


def _paths(base: Path) -> list[Path]:
    # The IDs begin with the time of the start.
    return sorted((base / FLEETS).glob("fleet-*.json"), key=os.fspath, reverse=True)


def _read(path: Path) -> FleetRecord | None:
    with suppress(Exception):
        return fleet_record(path)
    return None


def _member(fleet: Any, name: str) -> FleetMember:
    environment = fleet.members[name].environment
    folder, base = environment.folder, fleet.base.absolute()
    path = os.fspath(folder.relative_to(base) if folder.is_relative_to(base) else folder)
    return FleetMember(name=name, folder=path, owned=environment.owned, run=fleet[name].id)
