"""Answers the front ends' questions about a cell, off the kernel's main thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tfmfa_nb.editing.cell import Cell
from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.protocol.editor import ErrorAnswer, LevelAnswer
from tfmfa_nb.runs.gate.levels import effective_level, protected_of
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.editing.language_service import LanguageService
    from tfmfa_nb.magics.status_comm import Reply
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.protocol.editor import EditorAnswer, EditorQuestion

# Terraform takes seconds for these; completion must not wait for them.
_SLOW = {"format", "validate"}


class EditorHelp:
    """Answers on two threads of its own, one of them for slow questions.

    Args:
        service: analyzes the text.
        read_policy: reads the organization policy.
    """

    def __init__(self, service: LanguageService, read_policy: Callable[[], Policy]) -> None:
        self._service, self._read_policy = service, read_policy
        self._quick, self._slow = (
            ThreadPoolExecutor(1, thread_name_prefix=f"tfmfa-{name}") for name in ("editor", "terraform")
        )

    def close(self) -> None:
        """Stop answering."""
        for pool in (self._quick, self._slow):
            pool.shutdown(wait=False, cancel_futures=True)

    def answer(self, question: EditorQuestion, reply: Reply) -> None:
        """Pass the answer to `reply`, which is called on another thread."""
        pool = self._slow if question.type in _SLOW else self._quick
        pool.submit(lambda: reply(self._answer(question)))

    def _answer(self, question: EditorQuestion) -> EditorAnswer | None:
        try:
            if question.type == "level":
                return self._level(question.text)
            return self._service.answer(question, plain)
        except TfmfaError as error:
            return ErrorAnswer(error=plain(str(error)))
        except Exception as error:  # noqa: BLE001 - the front end must not wait forever
            return ErrorAnswer(error=f"{type(error).__name__} while the cell was analyzed")

    def _level(self, text: str) -> LevelAnswer | None:
        """The level of the cell's environment, as it is before a run."""
        environment = self._service.environment(Cell.read(text) or Cell("", "tfplan", "", 0, 0))
        if environment is None:
            return None
        known = protected_of(environment, self._service.environ)
        level = effective_level(environment, self._read_policy(), known=known)
        lock_indicator = LockIndicator.OPEN if level is Level.NEVER else LockIndicator.REQUIRED
        return LevelAnswer(environment=plain(environment.name), level=level, lock_indicator=lock_indicator)
