"""One phase of a fleet: its runs pass their gates together, then each has its turn."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.fleet.rendezvous import Rendezvous
from tfmfa_nb.fleet.shared_gate import SharedGate
from tfmfa_nb.fleet.turns import Turns, at_once_here
from tfmfa_nb.model.errors import RunCanceled, TfmfaError
from tfmfa_nb.model.statuses import Phase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tfmfa_nb.fleet.turns import Pace
    from tfmfa_nb.runs.gate.gate import Gate

# What the session of one run lasts, and what it lasts more for each run that waits for another one, in seconds.
_ONE_RUN_SECONDS = {Phase.PLAN: 900, Phase.APPLY: 3600}
_MORE_SECONDS = {Phase.PLAN: 60, Phase.APPLY: 600}
_MOST_SECONDS = 129_600  # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html


class JointPhase:
    """One phase of a fleet.

    Args:
        names: names of the environments that take part, in the order of their turns.
        gate: the gate that each run would have alone.
        pace: how the fleet goes on.
        phase: plan or apply.

    Attributes:
        turns: gives each run its turn.
        room: what those that have not passed their gates use Terraform in.
        errors: what has stopped a run, by the name of its environment.
        canceling: True after a person has canceled the fleet.
        names: `names`.
        phase: `phase`.
        ended: True after all runs have ended.
        begun: when the runs got their turns, by the names of their environments, in seconds since the epoch.
    """

    def __init__(self, names: Sequence[str], gate: Gate, pace: Pace, phase: Phase) -> None:
        self.turns, self.errors, self.canceling = Turns(pace), dict[str, TfmfaError](), False
        self.ended = False
        # On this machine, wherever Terraform runs after that.
        self.room = asyncio.Semaphore(min(self.turns.at_once, at_once_here()))
        self.names, self.phase, self._pace = names, phase, pace
        waves = -(-len(names) // self.turns.at_once)
        seconds = min(_MOST_SECONDS, _ONE_RUN_SECONDS[phase] + _MORE_SECONDS[phase] * max(0, waves - 1))
        gate = replace(gate, session_seconds=gate.session_seconds or seconds)
        self._gate = SharedGate(gate, names, lambda: self.canceling)
        self._ready: Rendezvous[None, None] = Rendezvous(names, _nothing)
        self.begun: dict[str, float] = {}
        self._thread, self._loop = threading.get_ident(), asyncio.get_running_loop()

    async def run(self, perform: Callable[[str, Gate], Awaitable[None]]) -> None:
        """Perform the phase of each run; what stops one does not stop the others.

        Args:
            perform: performs the phase of the run with this name, with the gate that it gets; it awaits `turn`.
        """

        async def one(name: str) -> None:
            try:
                await perform(name, self._gate.of(name))
            except TfmfaError as error:
                self.errors[name] = error
            except Exception:
                self.errors[name] = TfmfaError("An unexpected error stopped the run.")
                raise
            finally:
                self._leave(name)

        # Not a task group: what one run does not expect must not interrupt the others.
        try:
            ends = await asyncio.gather(*map(one, self.names), return_exceptions=True)
        finally:
            self.ended = True
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def turn(self, name: str) -> None:
        """Wait until the run with this name may start Terraform; it has passed its gate.

        Raises:
            RunCanceled: it may not start any more.
        """
        self._gate.leave(name)
        await self._ready.together(name, None)
        if self._pace.stop_if_refused and self.errors and not self.begun:
            raise RunCanceled("The fleet has not started, because a run was refused.", "Nothing was changed.")
        await self.turns.wait(self.names.index(name))
        self.begun[name] = time.time()

    def check_not_canceled(self) -> None:
        """Make sure that a run whose turn it is may start.

        Raises:
            RunCanceled: the fleet is being canceled.
        """
        if self.canceling:
            raise RunCanceled("The fleet was canceled.", "Nothing was changed here.")

    def pause(self, *, paused: bool) -> None:
        """Start no other run, or go on; on any thread."""
        if threading.get_ident() == self._thread:
            self.turns.paused = paused
        else:
            self._loop.call_soon_threadsafe(partial(self.pause, paused=paused))

    def _leave(self, name: str) -> None:
        """Nobody waits any more for the run with this name."""
        self._gate.leave(name)
        self._ready.leave(name)
        if name in self.begun:
            self.turns.end(succeeded=name not in self.errors)


async def _nothing(names: Mapping[str, None]) -> Mapping[str, None]:
    return names
