"""The cards of runs that a person opens beside the notebook: past ones, and those that other kernels drive."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.statuses import UNDER_WAY
from tfmfa_nb.runs.history.follow import follow, run_if_under_way
from tfmfa_nb.runs.history.never_started import check_started
from tfmfa_nb.runs.history.reopen import opened
from tfmfa_nb.views.open_cards import open_card

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.run import Run

_MAX_CARDS = 8  # that a person looks at side by side


class PastCards:
    """The open cards; the oldest one is closed where there are too many.

    Args:
        known_run: the run of this kernel with an ID; None if there is none.
        read_policy: reads the organization policy.
    """

    def __init__(self, known_run: Callable[[str], Run | None], read_policy: Callable[[], Policy]) -> None:
        self._known_run, self._read_policy = known_run, read_policy
        self._cards: dict[str, Any] = {}
        self._following: dict[str, asyncio.Task[None]] = {}

    async def open(self, environment: Environment, run_id: str, base: Path) -> str:
        """Open a card of a run on the running event loop, and follow the run if another kernel drives it.

        Returns:
            The model ID of the card, which any page can show.

        Raises:
            TfmfaError: as `check_started`, `run_if_under_way`, and `opened` do.
        """
        run = self._known_run(run_id)
        if run is not None and (shown := open_card(run)):
            return shown
        if run is None:
            run = await asyncio.to_thread(self._from_record, environment, run_id, base)
            if run.status in UNDER_WAY and run_id not in self._following:
                self._following[run_id] = asyncio.ensure_future(self._follow(run))
        return self._show(run)

    def close(self) -> None:
        """Close the cards, and stop following; Terraform continues."""
        for task in [*self._following.values()]:
            task.cancel()
        for run_id in [*self._cards]:
            self._cards.pop(run_id).close()

    def _from_record(self, environment: Environment, run_id: str, base: Path) -> Run:
        check_started(environment, run_id)
        policy = self._read_policy()
        run = run_if_under_way(environment, run_id, base, policy)
        return opened(environment, run_id, base, os.environ, policy) if run is None else run

    def _show(self, run: Run) -> str:
        from tfmfa_nb.views.card import RunCard  # noqa: PLC0415 - widgets are heavy

        if before := self._cards.pop(run.id, None):
            before.close()
        for oldest in [*self._cards][: max(0, len(self._cards) - _MAX_CARDS + 1)]:
            self._cards.pop(oldest).close()
        card = self._cards[run.id] = RunCard(run)
        return str(card.model_id)

    async def _follow(self, run: Run) -> None:
        try:
            with suppress(TfmfaError):  # the card has it
                await follow(run)
        finally:
            self._following.pop(run.id, None)
