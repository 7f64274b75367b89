"""What further processes may take: the processors and the memory that the machine has, and the container."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUPS, _MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
# Control groups: https://docs.kernel.org/admin-guide/cgroup-v2.html, and cgroup-v1/memory.html. What a group uses has
# pages of files, which Linux gives back.
_LIMITS = {
    "memory.max": "memory.current",
    "memory.high": "memory.current",
    "memory.limit_in_bytes": "memory.usage_in_bytes",
}
_GIVEN_BACK = frozenset({"inactive_file", "active_file"})
_GIVEN_BACK_IN_ALL = frozenset({"total_inactive_file", "total_active_file"})  # by groups of version 1


def usable_cores(groups: Path = _GROUPS, mounted: Path = _MOUNTED) -> int:
    """How many processors the processes may use at once.

    Args:
        groups: control groups of this process, as Linux lists them.
        mounted: where control groups are mounted.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([cores, *(found for folder in _folders("cpu", groups, mounted) for found in _quota(folder))]))


def free_memory(groups: Path = _GROUPS, mounted: Path = _MOUNTED) -> int:
    """What further processes may take, in bytes; 0 where the limit is reached, and where nobody can say.

    Args:
        groups: control groups of this process, as Linux lists them.
        mounted: where control groups are mounted.
    """
    try:
        available = int(psutil.virtual_memory().available)
    except (OSError, psutil.Error):
        return 0
    left = (found for folder in _folders("memory", groups, mounted) for found in _left(folder))
    return max(0, min([available, *left]))


def _folders(controller: str, groups: Path, mounted: Path) -> Iterator[Path]:
    """The folders of the groups of this process, from its own to the one that is mounted."""
    try:
        lines = groups.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and controller not in controllers.split(","):
            continue
        top = mounted / controller if controllers else mounted
        # A container may see only its own group, under a path of the machine's, or a path beside what is mounted.
        inner = top if ".." in Path(path).parts else top / path.lstrip("/")
        yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top))


def _left(folder: Path) -> Iterator[int]:
    """What a group has left of each of its limits, in bytes."""
    for limit, current in _LIMITS.items():
        with suppress(OSError, ValueError):  # no such file, or "max": no limit
            yield int((folder / limit).read_text()) - int((folder / current).read_text()) + _given_back(folder)


def _given_back(folder: Path) -> int:
    with suppress(OSError, ValueError):
        found = dict(each.split() for each in (folder / "memory.stat").read_text().splitlines())
        names = _GIVEN_BACK_IN_ALL if _GIVEN_BACK_IN_ALL & found.keys() else _GIVEN_BACK
        return sum(int(found.get(name, 0)) for name in names)
    return 0


def _quota(folder: Path) -> Iterator[int]:
    """How many processors a group may use at once, if that is limited."""
    with suppress(OSError, ValueError):
        quota, period = map(int, (folder / "cpu.max").read_text().split())
        yield -(-quota // period)
    with suppress(OSError, ValueError):
        quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
        if quota > 0:
            yield -(-quota // period)
