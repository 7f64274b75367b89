"""What an interrupt of the kernel does to the work of a cell."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.views.view import View

_PACE = 0.2  # seconds between two events of the loop; a person takes longer to notice


async def interrupted_while_shown(view: View, shell: InteractiveShell, work: Callable[[], Awaitable[None]]) -> bool:
    """Do `work` while `view` shows its run.

    Returns:
        Whether it was interrupted. The caller raises what that means: an error of one line, without the frames and the
        context of the other one.
    """
    with _interrupts(shell):
        view.begin()
        try:
            await work()
        except asyncio.CancelledError:
            return True
        finally:
            view.end()
    return False


async def _stay_awake() -> None:
    while True:  # noqa: ASYNC110 - it waits for nothing; its timer is what wakes the loop
        await asyncio.sleep(_PACE)


@contextmanager
def _interrupts(shell: InteractiveShell) -> Iterator[None]:
    """Let an interrupt cancel the coroutine at once. In a kernel, ipykernel cancels it."""
    task = asyncio.current_task()
    if getattr(shell, "kernel", None) is not None or task is None or not sys.stdin:
        # The kernel's handler does not wake an idle loop, which would hear of the interrupt only at its next event.
        awake = asyncio.ensure_future(_stay_awake())
        try:
            yield
        finally:
            awake.cancel()
        return
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread
        loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        yield
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)
