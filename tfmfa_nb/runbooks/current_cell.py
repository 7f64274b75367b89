"""The cell that the kernel executes now, and the runs in it that wait for a code.

A notebook's code can ask the runner as this package does: nothing in a kernel is out of its reach. So the runner does
not believe a question alone. The cell must have a magic that asks, and for a code, a run that the cell displays must
wait for one; that its audit trail says the same is checked by `open_phases`. A displayed run is in the executed
notebook, where `jupyter tfmfa verify` finds one that no audit trail confirms.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runbooks.cell_analysis import asks

if TYPE_CHECKING:
    from tfmfa_nb.protocol.run_display import RunDisplay

_WAITING = {LockIndicator.REQUIRED, LockIndicator.FAILED}

_TOGETHER = 0.3  # seconds in which all runs of a fleet display that they wait

DISPLAY_TIMEOUT = 10.0
"""How many seconds the display of a run may come later than its question, which travels on another channel."""


@dataclass(frozen=True, slots=True)
class CodePrompt:
    """A run's prompt for a code.

    Attributes:
        run: ID of the run.
        phase: phase that requires the code.
        environment: name of the environment, or how many environments of a fleet wait for one code.
        folder: folder of the environment, relative to the kernel's folder.
        attempt: number of the phase's prompts in this cell, from 1.
    """

    run: str
    phase: Phase
    environment: str
    folder: str
    attempt: int


class CurrentCell:
    """The cell that the kernel executes now.

    Attributes:
        number: from 1; 0 before the first cell.
    """

    def __init__(self) -> None:
        self.number = 0
        self._asks = False
        self._waiting: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._open: dict[tuple[str, str], RunDisplay] = {}
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._opened = asyncio.Event()

    def begin(self, number: int, source: str) -> None:
        """The kernel is about to execute `source` as this cell."""
        self.number, self._asks = number, asks(source)
        self._waiting.clear()
        self._open.clear()
        self._attempts.clear()

    def follow(self, shown: RunDisplay) -> None:
        """The cell displays a run in a new state. A run that starts to wait for a code opens one prompt.

        The runs of a fleet wait for one code together, so all of them open one: the next one after all have gone on.
        """
        key = shown.run.fleet or shown.run.id, shown.run.phase
        waiting = self._waiting[key]
        if shown.lock_indicator not in _WAITING or shown.run.ended_at or shown.run.phase not in set(Phase):
            waiting.discard(shown.run.id)
            if not waiting:
                self._open.pop(key, None)
            return
        if not waiting:
            self._open[key] = shown
            self._opened.set()
        waiting.add(shown.run.id)

    def check_magic(self) -> None:
        """Make sure that the cell has a magic that asks.

        Raises:
            PromptUnavailable: it has none.
        """
        if not self._asks:
            raise PromptUnavailable(
                f"Cell {self.number} asks as tfmfa_nb does, but it has no magic that does so.",
                "Write %tfplan, %tfapply, %tfruns, or tfmfa_nb.plan(…) in the cell itself, not in a function.",
            )

    async def take_prompt(self) -> CodePrompt:
        """The open prompt of a run, which then is closed: one prompt takes one code.

        Raises:
            PromptUnavailable: the cell has no magic that asks, or none of its runs waits for a code.
        """
        self.check_magic()
        try:
            async with asyncio.timeout(DISPLAY_TIMEOUT):
                while not self._open:
                    self._opened.clear()
                    await self._opened.wait()
        except TimeoutError:
            raise PromptUnavailable(
                f"Cell {self.number} asks for an MFA code, but none of its runs waits for one.",
                "Do not hide the output of %tfplan, %tfapply, or %tfruns.",
            ) from None
        key = next(iter(self._open))
        shown = self._open.pop(key)
        self._attempts[key] += 1
        run = shown.run
        if run.fleet:
            await asyncio.sleep(_TOGETHER)
        number = len(self._waiting[key])
        asking = f"{number} environments" if number > 1 else run.environment
        return CodePrompt(run.id, Phase(run.phase), asking, shown.folder, self._attempts[key])
