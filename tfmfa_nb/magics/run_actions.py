"""Answers what the runs panel asks, off the kernel's main thread: the environments' runs, and actions on a run.

The actions are those of `%tfruns`, by the same functions. To look at a run does not make it the one that `%tfapply`
applies.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.environments.folder_search import environments_in
from tfmfa_nb.fleet.known_fleets import run_of_fleet
from tfmfa_nb.magics.fleet_actions import FleetActions
from tfmfa_nb.magics.past_cards import PastCards
from tfmfa_nb.model.errors import RunStateError, TfmfaError
from tfmfa_nb.protocol.editor import ErrorAnswer
from tfmfa_nb.protocol.fleet_records import FLEET_ID
from tfmfa_nb.protocol.runs_overview import AboutRun, RunAnswer
from tfmfa_nb.runs.history.cancellation import cancel
from tfmfa_nb.runs.history.left_locks import free_lock, left_lock
from tfmfa_nb.runs.history.reopen import discard_any
from tfmfa_nb.views.folder_runs import folder_runs, relative_folder
from tfmfa_nb.views.sanitize import brief

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.magics.status_comm import Reply
    from tfmfa_nb.protocol.runs_overview import RunsAnswer, RunsQuestion


class Magics(Protocol):
    """What the magics know of the runs of this kernel."""

    latest: Any
    fleet: Any

    @property
    def busy(self) -> bool:
        """True while a run is planning, waiting for an answer, or applying."""
        ...

    def known_run(self, run_id: str) -> Any:
        """The run of this kernel with this ID; None if there is none."""
        ...

    def renew(self, folder: Path, run: Any) -> None:
        """Put `run` in the place of the run with its ID that this kernel has."""
        ...

    def read_policy(self) -> Any:
        """The organization policy."""
        ...


class RunActions:
    """Answers on a thread and an event loop of its own, so that a busy kernel answers too.

    Args:
        magics: the magics, which know the runs of this kernel.
    """

    def __init__(self, magics: Magics) -> None:
        self._magics = magics
        self._cards = PastCards(self._known_run, magics.read_policy)
        self._fleets = FleetActions(lambda: magics.fleet if magics.busy else None, magics.read_policy)
        self._loop, self._closed = asyncio.new_event_loop(), asyncio.Event()
        Thread(target=self._work, name="tfmfa-runs", daemon=True).start()

    def close(self) -> None:
        """Close the cards, and stop answering."""
        self._loop.call_soon_threadsafe(self._closed.set)

    def answer(self, question: RunsQuestion, reply: Reply) -> None:
        """Pass the answer to `reply`, which is called on another thread."""
        asyncio.run_coroutine_threadsafe(self._answer(question, reply), self._loop)

    def _work(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._closed.wait())
            self._cards.close()
            self._fleets.close()

    async def _answer(self, question: RunsQuestion, reply: Reply) -> None:
        answer: RunsAnswer | ErrorAnswer
        try:
            if isinstance(question, AboutRun):
                answer = await self._act(question)
            else:
                base = Path.cwd()
                environments = await asyncio.to_thread(self._environments, base)
                answer = await asyncio.to_thread(
                    folder_runs, environments, base, self._magics.read_policy, dict(os.environ)
                )
        except TfmfaError as error:
            answer = ErrorAnswer(error=brief(str(error)))
        except Exception as error:  # noqa: BLE001 - the front end must not wait forever
            answer = ErrorAnswer(error=f"{type(error).__name__} while the runs were looked at")
        reply(answer)

    async def _act(self, question: AboutRun) -> RunAnswer:
        base = Path.cwd()
        if FLEET_ID.fullmatch(question.run):
            return await self._act_on_fleet(question, base)
        environments = await asyncio.to_thread(self._environments, base)
        environment = next((each for each in environments if relative_folder(each, base) == question.folder), None)
        if environment is None:
            raise RunStateError(f'"{brief(question.folder)}" is not an environment of {base}.', "Refresh the runs.")
        if question.type == "unlock":
            return await self._unlock(environment, question)
        act: dict[str, Callable[[Environment, str, Path], Awaitable[RunAnswer]]] = {
            "cancel": self._cancel, "discard": self._discard, "open": self._open, "follow": self._open,
        }  # fmt: skip
        return await act[question.type](environment, question.run, base)

    async def _act_on_fleet(self, question: AboutRun, base: Path) -> RunAnswer:
        if question.type == "open":
            return _answer(card=await self._fleets.open(question.run, base))
        if question.type == "cancel":
            return _answer(await self._fleets.cancel(question.run, base))
        raise RunStateError(f"{question.run} is a fleet.", "Open it, or cancel it.")

    def _environments(self, base: Path) -> Sequence[Environment]:
        """The environments of the folder, and that of the latest run, which may be elsewhere."""
        found = environments_in(base)
        latest = self._magics.latest
        of_latest = [] if latest is None else [latest.driver.environment]
        known = {environment.folder for environment in found}
        return [*found, *(each for each in of_latest if each.folder not in known and each.files.private.is_dir())]

    def _known_run(self, run_id: str) -> Any:
        """The run of this kernel with this ID, which may be a fleet's; None if there is none."""
        return self._magics.known_run(run_id) or run_of_fleet(run_id)

    async def _open(self, environment: Environment, run_id: str, base: Path) -> RunAnswer:
        return _answer(card=await self._cards.open(environment, run_id, base))

    async def _cancel(self, environment: Environment, run_id: str, base: Path) -> RunAnswer:
        own = self._known_run(run_id)
        if own is not None and self._magics.busy:
            own.cancel()
            return _answer(f"{run_id} is being canceled.")
        run = await cancel(environment, run_id, base, self._magics.read_policy())
        return _answer(f"{run_id} is {run.status}.")

    async def _discard(self, environment: Environment, run_id: str, base: Path) -> RunAnswer:
        run = await discard_any(environment, run_id, base, self._magics.read_policy())
        if run is None:
            return _answer(f"{run_id} is removed. The audit trail keeps its lines.")
        self._magics.renew(environment.folder, run)
        return _answer(f"{run_id} is discarded.")

    async def _unlock(self, environment: Environment, question: AboutRun) -> RunAnswer:
        left = await left_lock(environment)
        name = brief(environment.name)
        if left is None or left.run_id != question.run:
            raise RunStateError(f'{question.run} does not hold the lock of "{name}" any more.', "Refresh the runs.")
        if not question.agreed:
            holder, programs = brief(str(left.holder)), brief(", ".join(left.programs))
            return _answer(
                agree=f"The environment is locked by a run that has ended: {holder}. The lock is still held by "
                f'{programs}, which Terraform left running. Free the lock of "{name}"?'
            )
        await free_lock(environment, left, self._magics.read_policy())
        return _answer(
            f'The lock of "{name}" is free. The programs that held it are still running. If the state is locked too: '
            f"%tfruns {brief(environment.option)} unlock"
        )


def _answer(text: str = "", *, card: str = "", agree: str = "") -> RunAnswer:
    return RunAnswer(text=text, card=card, agree=agree)
