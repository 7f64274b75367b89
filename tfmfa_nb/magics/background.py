"""A run that waits for an answer from elsewhere (`--wait`, `wait=True`) goes on after its cell or call has ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tfmfa_nb.runs.run import Run


_ANSWERED_ELSEWHERE = ("code", "confirmation")


async def until_it_waits(run: Run, work: Coroutine[Any, Any, None], tell: Callable[[str], None]) -> None:
    """Do `work` until it ends, or until the run waits for an answer; then it goes on, and `run.wait()` waits for it.

    Args:
        run: the run.
        work: what to do with it.
        tell: gets the sentences that say how to answer.

    Raises:
        TfmfaError: as `work` does before that.
    """
    task = asyncio.ensure_future(work)
    run.goes_on(task)
    waits, loop = asyncio.Event(), asyncio.get_running_loop()

    def changed(change: dict[str, Any]) -> None:
        if change["new"] in _ANSWERED_ELSEWHERE:
            loop.call_soon_threadsafe(waits.set)

    run.observe(changed, names=["waiting_for"])
    waiting = asyncio.ensure_future(waits.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        raise
    finally:
        waiting.cancel()
        run.unobserve(changed, names=["waiting_for"])
    if task.done():
        task.result()
        return
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # `run.wait()` raises it
    what = f"{run.id} is waiting for a {run.waiting_for}."
    how = f"To give it in a terminal on this machine: jupyter tfmfa approve {run.id}"
    tell(f"{what} {how}\nrun.status and run.waiting_for tell how it is; await run.wait() waits.")
