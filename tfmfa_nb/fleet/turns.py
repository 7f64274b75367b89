"""When each run of a fleet starts Terraform: so many at once, in waves, and no more after too many have failed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from tfmfa_nb.model.errors import ConfigurationError, RunCanceled
from tfmfa_nb.terraform.machine_room import free_memory, usable_cores

_MEMORY = 450 * 1024**2
"""What one Terraform with the AWS provider takes, in bytes: 438 MB for a small plan, shared pages counted once. Where
memory is plenty, it takes more: see `terraform.garbage_collection`."""
_PER_CORE = 2  # a Terraform waits for AWS about half of its time


def at_once_here() -> int:
    """How many runs this machine has room for, by its cores and its free memory."""
    return max(1, min(_PER_CORE * usable_cores(), free_memory() // _MEMORY))


@dataclass(frozen=True, slots=True)
class Pace:
    """How a fleet goes on.

    Attributes:
        at_once: how many runs use Terraform at once; 0 for as many as this machine has room for.
        canary: how many go first: the others start when these have succeeded, and not at all if one fails; 0 for none.
        stop_after: after so many failures, no other run starts; 0 for never.
        stop_if_refused: True if no run starts where one was refused before it could; else, the others go on.
    """

    at_once: int = 0
    canary: int = 0
    stop_after: int = 0
    stop_if_refused: bool = False

    def at_most(self, most: int) -> Pace:
        """The same pace with at most so many runs at once; 0 where this machine decides."""
        return replace(self, at_once=min(self.at_once or most, most)) if most else self

    def check(self) -> None:
        """Make sure that the numbers make sense.

        Raises:
            ConfigurationError: one is negative.
        """
        for name in ("at_once", "canary", "stop_after"):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"{name} is {getattr(self, name)}.", "Use a whole number, 0 or more.")


class Turns:
    """Gives each run of a fleet its turn; the runs that wait get theirs in the order of the fleet.

    Args:
        pace: how the fleet goes on.
    """

    def __init__(self, pace: Pace) -> None:
        self._at_once = pace.at_once or at_once_here()
        self._canary, self._stop_after = pace.canary, pace.stop_after
        self._running = self._succeeded = self._failed = 0
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._paused = False

    @property
    def at_once(self) -> int:
        """How many runs use Terraform at once."""
        return self._at_once

    async def wait(self, number: int) -> None:
        """Wait until it is the turn of the fleet's run `number`; `end` ends it.

        Raises:
            RunCanceled: too many others have failed.
        """
        loop = asyncio.get_running_loop()
        turn = self._waiting[number] = loop.create_future()
        loop.call_soon(self._admit)  # others, with lower numbers, may come at the same moment
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.end(succeeded=False)
            raise
        finally:
            self._waiting.pop(number, None)

    def end(self, *, succeeded: bool) -> None:
        """End a turn."""
        self._running -= 1
        self._succeeded += succeeded
        self._failed += not succeeded
        self._admit()

    @property
    def paused(self) -> bool:
        """True if no other run starts for now; those that run go on."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = paused
        self._admit()

    def _admit(self) -> None:
        for number in sorted(self._waiting):
            turn = self._waiting[number]
            if turn.done():
                continue
            if self._stopped:
                runs = "a run" if self._failed == 1 else f"{self._failed} runs"
                turn.set_exception(
                    RunCanceled(f"The fleet has stopped, because {runs} failed.", "Nothing was changed here.")
                )
            elif self._room > self._running and not self._paused:
                self._running += 1
                turn.set_result(None)

    @property
    def _stopped(self) -> bool:
        """True if no other run starts: too many failed, or one of those that went first."""
        canary_failed = self._failed > 0 and self._succeeded < self._canary
        return canary_failed or 0 < self._stop_after <= self._failed

    @property
    def _room(self) -> int:
        missing = self._canary - self._succeeded
        return min(self._at_once, missing) if missing > 0 else self._at_once
