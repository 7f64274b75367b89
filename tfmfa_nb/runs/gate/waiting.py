"""Waits while AWS gives no answer, and tells: no code is asked for that AWS could not check, and no session is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.model.errors import RunCanceled
from tfmfa_nb.model.lock_indicator import LockIndicator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tfmfa_nb.runs.driver import Driver

T = TypeVar("T")
PACE = 5.0  # seconds between two tries
_ATTENDED, _UNATTENDED = 600.0, 60.0  # seconds; a person can cancel at any time
_LOOK = 0.1  # seconds between two looks at whether the run was canceled


class WaitingCalls:
    """Repeats calls that AWS does not answer, or answers with an error of its own.

    Args:
        driver: driver of the run, which shows what is wrong.
        attended: whether a person waits, who may cancel.
        meanwhile: what holds meanwhile, as a sentence: "No code is requested until AWS answers."
        then: lock indicator and its text when AWS answers again.
        pace: seconds between two tries.
    """

    def __init__(
        self, driver: Driver, meanwhile: str, then: tuple[LockIndicator, str], *, attended: bool, pace: float = PACE
    ) -> None:
        self._driver, self._meanwhile, self._then, self._pace = driver, meanwhile, then, pace
        self._seconds = _ATTENDED if attended else _UNATTENDED

    async def __call__(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """The result of `attempt`, which is made again as long as its refusal is transient.

        Raises:
            Refused: AWS said no; or it gave no answer for too long.
            RunCanceled: a person canceled the run.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        waited = False
        while True:
            try:
                result = await attempt()
            except Refused as error:
                refusal = error.refusal
                if not refusal.transient:
                    raise
                if loop.time() > deadline:
                    self._driver.show_indicator(LockIndicator.FAILED, refusal.problem, refusal.remedy)
                    raise
            else:
                if waited:
                    self._driver.log("AWS answers again.")
                    self._driver.show_indicator(*self._then)
                return result
            if not waited:
                self._driver.log(f"{refusal.problem} {self._meanwhile}")
            waited = True
            self._driver.show_indicator(
                LockIndicator.FAILED, refusal.problem, f"{self._meanwhile} Trying again every {self._pace:g} seconds."
            )
            await self._pause(loop.time() + self._pace)

    async def _pause(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        while (left := until - loop.time()) > 0:
            if self._driver.canceling:
                raise RunCanceled("The run was canceled while AWS did not answer.", "Nothing was changed.")
            await asyncio.sleep(min(left, _LOOK))
