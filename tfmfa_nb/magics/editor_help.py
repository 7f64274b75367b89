"""Answers what the front ends ask about a cell, off the kernel's main thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tfmfa_nb.editing.cell import Cell
from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.files import read_policy
from tfmfa_nb.runs.gate.levels import effective_level
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tfmfa_nb.editing.language_service import LanguageService

# Terraform takes seconds for them: what is typed meanwhile is completed all the same.
_SLOW = {"format", "validate"}


class Asked:
    """Answers on two threads of its own, one for what is slow.

    Args:
        service: answers about the text.
    """

    def __init__(self, service: LanguageService) -> None:
        self._service = service
        self._pools = [ThreadPoolExecutor(1, thread_name_prefix=f"tfmfa-{name}") for name in ("asked", "terraform")]

    def close(self) -> None:
        """Answer nothing any more."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)

    def answer(self, question: Mapping[str, Any], reply: Callable[[dict[str, Any]], None]) -> None:
        """Answer `question`, which nobody vouches for, by `reply`, which is called on another thread."""
        pool = self._pools[str(question.get("type")) in _SLOW]
        pool.submit(lambda: reply(self._answer(question)))

    def _answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        try:
            if question.get("type") == "level":
                return self._level(question)
            return self._service.answer(question, plain)
        except TfmfaError as error:
            return {"error": plain(str(error))}
        except Exception as error:  # noqa: BLE001 - whoever waits must not wait for ever
            return {"error": f"{type(error).__name__} while the cell was looked at"}

    def _level(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The level of the environment that a cell means, before anything has run there."""
        text = question.get("text")
        cell = Cell.read(text if isinstance(text, str) else "") or Cell("", "tfplan", "", 0, 0)
        environment = self._service.environment(cell)
        if environment is None:
            return {}
        level = effective_level(environment, read_policy(self._service.environ))
        lock = LockIndicator.OPEN if level is Level.NEVER else LockIndicator.REQUIRED
        return {"environment": plain(environment.name), "level": str(level), "lock_indicator": str(lock)}
