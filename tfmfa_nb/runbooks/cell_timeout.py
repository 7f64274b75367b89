"""How long a cell may take; never an apply, nor a person's thinking."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tfmfa_nb.runbooks.output_follower import OutputFollower
    from tfmfa_nb.runbooks.stdin_server import StdinServer

_GRACE = 20.0  # seconds that a cell which is no run has to end after its interrupt
_PAUSE = 0.5


async def enforce_timeout(
    seconds: float,
    questions: StdinServer,
    follower: OutputFollower,
    *,
    interrupt: Callable[[], Awaitable[None]],
    end: Callable[[], Awaitable[None]],
) -> None:
    """Interrupt the cell that begins now, if it is still there after `seconds`; be cancelled if it is not.

    Args:
        seconds: how long it may take.
        questions: the time of their answers does not count.
        follower: knows whether a run is under way, which is waited for after the interrupt, or has come to its apply,
            which is let be.
        interrupt: stops the cell.
        end: ends a kernel that does not heed that.
    """
    began, asked = time.monotonic(), questions.seconds
    while True:
        rest = began + seconds + questions.seconds - asked - time.monotonic()
        if rest <= 0 and not questions.open:
            break
        await asyncio.sleep(max(rest, _PAUSE if questions.open else 0.0))
    if follower.applying:
        return
    await interrupt()
    await asyncio.sleep(_GRACE)
    while follower.under_way:  # noqa: ASYNC110 - Terraform is waited for, however long it takes
        await asyncio.sleep(_PAUSE)
    await end()
