"""What further processes may take: the processors, and the memory that the machine and the container have left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUPS, _MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
# Limit and use of a control group, and how its statistics call the file pages that it can give back; of version 2, and
# of version 1 (https://docs.kernel.org/admin-guide/cgroup-v2.html).
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def usable_cores() -> int:
    """On how many processors the processes may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory(groups: Path = _GROUPS, mounted: Path = _MOUNTED) -> int:
    """What further processes may take, in bytes; 0 where the limit is reached.

    Args:
        groups: control groups of this process, as Linux lists them.
        mounted: where control groups are mounted.
    """
    available = int(psutil.virtual_memory().available)
    return max(0, min([available, *_left(groups, mounted)]))


def _left(groups: Path, mounted: Path) -> Iterator[int]:
    """What each group of this process that has a limit has left of it."""
    try:
        lines = groups.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if ".." in path or (controllers and "memory" not in controllers.split(",")):  # or beside what is mounted here
            continue
        top = mounted / "memory" if controllers else mounted
        inner = top / path.lstrip("/")
        for folder in (inner, *inner.parents):
            if folder.is_relative_to(top):
                yield from _left_of(folder)


def _left_of(folder: Path) -> Iterator[int]:
    for limit, current, inactive in _FILES:
        try:
            most, used = int((folder / limit).read_text()), int((folder / current).read_text())
            statistics = dict(each.split() for each in (folder / "memory.stat").read_text().splitlines())
            yield most - used + int(statistics.get(inactive, 0))
        except (OSError, ValueError):  # no such file, or "max": no limit
            continue
