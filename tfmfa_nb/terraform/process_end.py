"""Waiting for the end of a process that may not be a child of this one."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress


async def ended(pid: int, seconds: float) -> None:
    """Wait until a process ends, or `seconds` have passed, whichever is first.

    Where the system does not tell, and for a process that is not there, `seconds` pass: so a loop may wait with this.
    Linux tells: https://man7.org/linux/man-pages/man2/pidfd_open.2.html

    Args:
        pid: the process.
        seconds: the longest wait.
    """
    try:
        process = os.pidfd_open(pid)  # type: ignore[attr-defined,unused-ignore] # Linux has it
    except (AttributeError, OSError):
        await asyncio.sleep(seconds)
        return
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(process, told.set)
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), seconds)
    finally:
        loop.remove_reader(process)
        os.close(process)
