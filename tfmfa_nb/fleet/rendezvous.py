"""Lets the runs of a fleet do one thing together, once for all of them: ask for a code, exchange it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

R = TypeVar("R")
T = TypeVar("T")


class Rendezvous(Generic[R, T]):
    """Waits until everybody who is expected has arrived, or has left; then does the work once for those who arrived.

    Args:
        expected: names of those who are waited for.
        work: gets what each one brought, by name, in the order of arrival; returns each one's result by name. Its error
            is everybody's.
        unused: gets a result that nobody waits for any more.
    """

    def __init__(
        self,
        expected: Iterable[str],
        work: Callable[[Mapping[str, R]], Awaitable[Mapping[str, T]]],
        unused: Callable[[T], None] = lambda _: None,
    ) -> None:
        self._expected, self._work, self._unused = set(expected), work, unused
        self._brought: dict[str, R] = {}
        self._waiting: dict[str, asyncio.Future[T]] = {}
        self._round: asyncio.Task[None] | None = None

    async def together(self, name: str, brought: R) -> T:
        """Arrive, and wait for the result of the work.

        Args:
            name: who arrives; once in a round.
            brought: what the work gets of them.
        """
        self._brought[name] = brought
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[name] = future
        self._begin_if_complete()
        try:
            return await future
        finally:
            if self._waiting.get(name) is future:  # canceled
                del self._waiting[name], self._brought[name]
                self._stop_if_nobody_waits()

    def leave(self, name: str) -> None:
        """Expect `name` no more."""
        self._expected.discard(name)
        self._begin_if_complete()

    def _begin_if_complete(self) -> None:
        if self._round is None and self._waiting and self._expected <= self._waiting.keys():
            self._round = asyncio.ensure_future(self._do())

    def _stop_if_nobody_waits(self) -> None:
        if self._round is not None and not self._waiting:
            self._round.cancel()

    async def _do(self) -> None:
        brought = dict(self._brought)
        error: BaseException | None = None
        results: Mapping[str, T] = {}
        try:
            results = await self._work(brought)
        except BaseException as raised:  # noqa: BLE001 - whatever it is, it is theirs who wait
            error = raised
        for name in brought:
            future = self._waiting.pop(name, None)
            self._brought.pop(name, None)
            if future is None or future.done():
                if name in results:
                    self._unused(results[name])
                continue
            if error is None:
                future.set_result(results[name])
            else:
                future.set_exception(_another(error))
        self._round = None
        self._begin_if_complete()


def _another(error: BaseException) -> BaseException:
    """An error like `error`, because whoever catches one may add to it; `copy.copy` would call its class."""
    other = type(error).__new__(type(error), *error.args)
    other.__dict__.update(error.__dict__)
    return other
