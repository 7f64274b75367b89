"""Shows a fleet while its runs go on: a card, a table that is updated, or lines in a terminal."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from tfmfa_nb.model.visible import say
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.views.fleet_matrix import fleet_bundle, fleet_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from IPython.core.display_functions import DisplayHandle

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.views.fleet_card import FleetCard

_PACE = 0.3  # seconds between two looks; a person reads no faster


@asynccontextmanager
async def shown(fleet: Fleet, *, notebook: bool, card: FleetCard | None = None) -> AsyncIterator[None]:
    """Show `fleet` until the end of the block, and leave its table.

    Args:
        fleet: the fleet.
        notebook: whether there is an output that can be updated; else, lines are printed.
        card: the card of the fleet, which is shown where a front end can display it, and closed at the end.
    """
    if card is not None:
        look, finish = _card(fleet, card)
    else:
        look, finish = _table(fleet) if notebook else _lines(fleet)
    async with looking(look):
        try:
            yield
        finally:
            finish()


@asynccontextmanager
async def looking(look: Callable[[], None]) -> AsyncIterator[None]:
    """Call `look` from time to time until the end of the block, and then once more."""
    watching = asyncio.ensure_future(_watch(look))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        look()


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


def _card(fleet: Fleet, card: FleetCard) -> tuple[Callable[[], None], Callable[[], None]]:
    """The card; where no front end displays it, the table takes its place."""
    from IPython.display import display  # noqa: PLC0415 - only in IPython

    handle = display(card, display_id=True)
    update = _updating(fleet, handle)
    deadline = None if card.patience is None else time.monotonic() + card.patience

    def look() -> None:
        if card.displayed:
            card.look()
        elif deadline is not None and time.monotonic() > deadline:
            update()

    def finish() -> None:
        update()
        card.close()

    return look, finish


def _table(fleet: Fleet) -> tuple[Callable[[], None], Callable[[], None]]:
    from IPython.display import display  # noqa: PLC0415 - only in IPython

    update = _updating(fleet, display(dict(fleet_bundle(fleet)), raw=True, display_id=True))
    return update, update


def _updating(fleet: Fleet, handle: DisplayHandle | None) -> Callable[[], None]:
    """What puts the table into a display, if it has changed."""
    before = ""

    def update() -> None:
        nonlocal before
        bundle = fleet_bundle(fleet)
        if bundle["text/plain"] != before and handle is not None:
            before = bundle["text/plain"]
            handle.update(dict(bundle), raw=True)

    return update


def _lines(fleet: Fleet) -> tuple[Callable[[], None], Callable[[], None]]:
    before: dict[str, str] = {}

    def look() -> None:
        for name, run in fleet.items():
            if run.status != before.get(name):
                before[name] = run.status
                say(f"{name}: {run.status}")

    def finish() -> None:
        look()
        say(fleet_text(fleet))

    return look, finish
