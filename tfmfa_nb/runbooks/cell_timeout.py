"""The time limit of a cell, which stops no apply and does not count prompts."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tfmfa_nb.runbooks.output_follower import OutputFollower
    from tfmfa_nb.runbooks.stdin_server import StdinServer

_GRACE = 20.0  # seconds between the interrupt and the end of the kernel, for a cell without a run
_POLL = 0.5  # seconds


async def enforce_timeout(
    seconds: float,
    stdin: StdinServer,
    follower: OutputFollower,
    *,
    interrupt: Callable[[], Awaitable[None]],
    shut_down: Callable[[], Awaitable[None]],
) -> None:
    """Interrupt the cell that starts now after `seconds`; to be canceled when the cell ends.

    Args:
        seconds: the time limit.
        stdin: the kernel's prompts, whose time does not count.
        follower: knows whether a run is in progress, which is waited for after the interrupt, or has reached its
            apply, which is not interrupted.
        interrupt: interrupts the kernel.
        shut_down: ends a kernel that ignores the interrupt.
    """
    started, prompted_before = time.monotonic(), stdin.seconds
    while True:
        remaining = started + seconds + stdin.seconds - prompted_before - time.monotonic()
        if remaining <= 0 and not stdin.open:
            break
        await asyncio.sleep(max(remaining, _POLL if stdin.open else 0.0))
    if follower.applying:
        return
    await interrupt()
    await asyncio.sleep(_GRACE)
    while follower.in_progress:  # noqa: ASYNC110 - Terraform is waited for, however long it takes
        await asyncio.sleep(_POLL)
    await shut_down()
