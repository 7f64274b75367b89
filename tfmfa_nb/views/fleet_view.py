"""Shows a fleet while its runs go on: a table that is updated, or lines in a terminal."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.views.fleet_matrix import fleet_bundle, fleet_text
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.runs.run import Run

_PACE = 0.5  # seconds between two looks; a person reads no faster


@asynccontextmanager
async def shown(fleet: Fleet, *, notebook: bool) -> AsyncIterator[None]:
    """Show `fleet` until the end of the block, and leave its table.

    Args:
        fleet: the fleet.
        notebook: whether there is an output that can be updated; else, lines are printed.
    """
    look, finish = _table(fleet) if notebook else _lines(fleet)
    watching = asyncio.ensure_future(_watch(look))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        finish()


@contextmanager
def shown_to_runner(run: Run) -> Iterator[None]:
    """Show one run's phase to `jupyter tfmfa run`, if it executes the notebook: it follows, answers, and keeps it."""
    if current_runner() is None:
        yield
        return
    from tfmfa_nb.views.headless import HeadlessView  # noqa: PLC0415 - only in IPython

    view = HeadlessView(run)
    view.begin()
    try:
        yield
    finally:
        view.end()


async def _watch(look: Callable[[], None]) -> None:
    while True:  # the runs' traits change on many threads, far more often than a person can read
        look()
        await asyncio.sleep(_PACE)


def _table(fleet: Fleet) -> tuple[Callable[[], None], Callable[[], None]]:
    from IPython.display import display  # noqa: PLC0415 - only in IPython

    handle = display(dict(fleet_bundle(fleet)), raw=True, display_id=True)
    before = ""

    def look() -> None:
        nonlocal before
        bundle = fleet_bundle(fleet)
        if bundle["text/plain"] != before and handle is not None:
            before = bundle["text/plain"]
            handle.update(dict(bundle), raw=True)

    return look, look


def _lines(fleet: Fleet) -> tuple[Callable[[], None], Callable[[], None]]:
    before: dict[str, str] = {}

    def look() -> None:
        for name, run in fleet.items():
            if run.status != before.get(name):
                before[name] = run.status
                print(f"{plain(name)}: {run.status}", file=sys.stdout, flush=True)  # noqa: T201 - the view

    def finish() -> None:
        look()
        print(fleet_text(fleet), file=sys.stdout, flush=True)  # noqa: T201 - the view

    return look, finish
