"""How much of the disk the runs of an environment, and its audit trail, take."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.runs.run_ids import run_ids

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.environments import Environment

_UNITS = ("kB", "MB", "GB", "TB")
_THOUSAND = 1_000


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What an environment takes.

    Attributes:
        runs: number of runs.
        run_bytes: bytes of their folders' files.
        trail_bytes: bytes of the audit trail.
    """

    runs: int
    run_bytes: int
    trail_bytes: int

    def __str__(self) -> str:
        runs = f"{self.runs:,} {'run takes' if self.runs == 1 else 'runs take'} {size_text(self.run_bytes)}"
        return f"{runs}, and the audit trail {size_text(self.trail_bytes)}"


def disk_use(environment: Environment) -> DiskUse:
    """What the environment's runs and its audit trail take now."""
    ids = run_ids(environment)
    files = environment.files
    try:
        trail = files.audit_trail.stat().st_size
    except OSError:
        trail = 0
    return DiskUse(len(ids), sum(folder_size(files.run(run_id).folder) for run_id in ids), trail)


def folder_size(folder: Path) -> int:
    """The bytes of the files in a run's folder, which has no folders; 0 if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sum(each.stat(follow_symlinks=False).st_size for each in entries)
    except OSError:
        return 0


def size_text(size: int) -> str:
    """A size for people: "12 kB", "3.4 MB"; less than a kilobyte is one."""
    value, unit = size / _THOUSAND, _UNITS[0]
    for larger in _UNITS[1:]:
        if value < _THOUSAND:
            break
        value, unit = value / _THOUSAND, larger
    return f"{max(value, 1):,.0f} kB" if unit == _UNITS[0] else f"{value:,.1f} {unit}"
