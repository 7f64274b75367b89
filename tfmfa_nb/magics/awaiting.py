"""Refuses the call of a magic in a cell that does not await it; the coroutine would otherwise silently do nothing.

This happens in the cell that loads the extension, because IPython has transformed that cell before.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from tfmfa_nb.model.visible import say

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from IPython.core.interactiveshell import InteractiveShell

    Magic = Callable[..., Coroutine[Any, Any, Any]]


def awaited(magic: Magic) -> Callable[..., Any]:
    """Decorate a magic so that it refuses to run in a cell that does not await it; there, it shows its help only.

    Raises:
        UsageError: raised by the magic in such a cell.
    """

    @functools.wraps(magic)
    def call(self: Any, *arguments: Any) -> Coroutine[Any, Any, Any] | None:
        if not _is_awaited(self.shell):
            if not {"-h", "--help", "-help"}.isdisjoint(arguments[0].split()):
                say(magic.getdoc().removeprefix("::\n\n"))  # type: ignore[attr-defined]
                return None
            raise UsageError(_advice(magic.__name__))
        return magic(self, *arguments)

    return call


def awaited_or_at_once(magic: Magic) -> Callable[..., Any]:
    """Decorate a magic so that it also works in such a cell, unless it has to wait.

    Raises:
        UsageError: raised by the magic if it has to wait.
    """

    @functools.wraps(magic)
    def call(self: Any, *arguments: Any) -> Any:
        coroutine = magic(self, *arguments)
        if _is_awaited(self.shell):
            return coroutine
        try:
            coroutine.send(None)
        except StopIteration as finished:
            return finished.value
        coroutine.close()
        raise UsageError(_advice(magic.__name__))

    return call


def _is_awaited(shell: InteractiveShell) -> bool:
    """True if the calling cell can await, or if the caller is not a cell."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_globals is shell.user_global_ns:
            return bool(frame.f_code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR))
        if frame.f_back is None:
            break
        frame = frame.f_back
    return True


def _advice(name: str) -> str:
    return (
        f"%{name} cannot run in the cell that loads the extension. Move %load_ext tfmfa_nb to a cell of its own above"
    )
