"""Answers what the front ends ask about a cell, off the kernel's main thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tfmfa_nb.editing.cell import Cell
from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.files import read_policy
from tfmfa_nb.protocol.editor import ErrorAnswer, LevelAnswer
from tfmfa_nb.runs.gate.levels import effective_level
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from tfmfa_nb.editing.service import EditingService
    from tfmfa_nb.magics.status_comm import Reply
    from tfmfa_nb.protocol.editor import EditorAnswer, EditorQuestion

# Terraform takes seconds for them: what is typed meanwhile is completed all the same.
_SLOW = {"format", "validate"}


class EditorHelp:
    """Answers on two threads of its own, one for what is slow.

    Args:
        service: answers about the text.
    """

    def __init__(self, service: EditingService) -> None:
        self._service = service
        self._quick, self._slow = (
            ThreadPoolExecutor(1, thread_name_prefix=f"tfmfa-{name}") for name in ("editor", "terraform")
        )

    def close(self) -> None:
        """Answer nothing any more."""
        for pool in (self._quick, self._slow):
            pool.shutdown(wait=False, cancel_futures=True)

    def answer(self, question: EditorQuestion, reply: Reply) -> None:
        """Answer `question` by `reply`, which is called on another thread."""
        pool = self._slow if question.type in _SLOW else self._quick
        pool.submit(lambda: reply(self._answer(question)))

    def _answer(self, question: EditorQuestion) -> EditorAnswer | None:
        try:
            if question.type == "level":
                return self._level(question.text)
            return self._service.answer(question, plain)
        except TfmfaError as error:
            return ErrorAnswer(error=plain(str(error)))
        except Exception as error:  # noqa: BLE001 - whoever waits must not wait for ever
            return ErrorAnswer(error=f"{type(error).__name__} while the cell was looked at")

    def _level(self, text: str) -> LevelAnswer | None:
        """The level of the environment that a cell means, before anything has run there."""
        environment = self._service.environment(Cell.read(text) or Cell("", "tfplan", "", 0, 0))
        if environment is None:
            return None
        level = effective_level(environment, read_policy(self._service.environ))
        lock_indicator = LockIndicator.OPEN if level is Level.NEVER else LockIndicator.REQUIRED
        return LevelAnswer(environment=plain(environment.name), level=level, lock_indicator=lock_indicator)
