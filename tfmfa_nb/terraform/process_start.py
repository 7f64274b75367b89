"""When a process started, in a form that identifies it: its number alone is used again after its end."""

from __future__ import annotations

import os

# Of the fields behind the name in /proc/PID/stat (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)
_STATE, _START = 0, 19


def start_of(pid: int) -> str:
    """The start of a running process; "" if it has ended.

    On Linux these are ticks since the system's start: the time of day of a start shifts with the clock.
    """
    if not os.path.exists("/proc/self/stat"):  # noqa: PTH110 - imports little
        return _start_without_proc(pid)
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - imports little
            fields = file.read().rpartition(")")[2].split()
        return "" if fields[_STATE] in {"Z", "X"} else fields[_START]
    except (OSError, IndexError):
        return ""


def _start_without_proc(pid: int) -> str:
    import psutil  # noqa: PLC0415 - slow, and not needed on Linux

    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.Error:
        return ""
