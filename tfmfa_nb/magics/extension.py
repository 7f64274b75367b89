"""Load and unload: the magics, the input transformers, and how a run shows itself."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.magics.arguments import offered
from tfmfa_nb.magics.completion import matcher
from tfmfa_nb.magics.magics import TfmfaMagics
from tfmfa_nb.magics.transformer import ReadCells, await_magics
from tfmfa_nb.model.errors import RunStateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.editing.service import EditingService
    from tfmfa_nb.magics.editor_help import EditorHelp
    from tfmfa_nb.magics.status_comm import AnswerQuestion


def load(shell: InteractiveShell) -> None:
    """Bring the magics into `shell`; a second time changes nothing."""
    if _magics(shell) is not None:
        return
    shell.register_magics(TfmfaMagics)
    shell.input_transformers_cleanup.insert(0, ReadCells())
    shell.input_transformers_post.append(await_magics)
    magics = _magics(shell)
    if magics is None:
        return
    service = _service(magics)
    completes = matcher(service)
    shell.Completer.custom_matchers.append(completes)
    magics.closing.append(lambda: shell.Completer.custom_matchers.remove(completes))
    manager = getattr(getattr(shell, "kernel", None), "comm_manager", None)
    if manager is not None:
        from tfmfa_nb.magics.status_comm import StatusComm  # noqa: PLC0415 - only inside a kernel

        magics.closing.append(StatusComm(manager, magics, _editor_help(service, magics.closing)).close)


def unload(shell: InteractiveShell) -> None:
    """Take the magics out again.

    Raises:
        RunStateError: a run is going on.
    """
    magics = _magics(shell)
    if magics is None:
        return
    if magics.busy:
        raise RunStateError("A run is going on.", "Wait for it or cancel it, then unload.")
    magics.close()
    if await_magics in shell.input_transformers_post:
        shell.input_transformers_post.remove(await_magics)
    cleanup = shell.input_transformers_cleanup
    cleanup[:] = [each for each in cleanup if not isinstance(each, ReadCells)]
    manager = shell.magics_manager
    for kind, names in magics.magics.items():
        for name in names:
            manager.magics[kind].pop(name, None)
    manager.registry.pop(type(magics).__name__, None)
    # IPython annotates the list with its own type only.
    configurables: list[object] = shell.configurables  # type: ignore[assignment]
    if magics in configurables:
        configurables.remove(magics)


def _service(magics: TfmfaMagics) -> Callable[[], EditingService]:
    """What answers about cells that are being written, made by the first question."""

    @cache
    def service() -> EditingService:
        from tfmfa_nb.editing.service import EditingService  # noqa: PLC0415 - until needed

        made = EditingService(os.environ, Path.cwd, lambda: magics.environment, offered())
        magics.closing.append(made.close)
        return made

    return service


def _editor_help(service: Callable[[], EditingService], closing: list[Callable[[], None]]) -> AnswerQuestion:
    """What answers the front ends' questions, made by the first of them."""

    @cache
    def editor_help() -> EditorHelp:
        from tfmfa_nb.magics.editor_help import EditorHelp  # noqa: PLC0415 - until needed

        made = EditorHelp(service())
        closing.append(made.close)
        return made

    return lambda question, reply: editor_help().answer(question, reply)


def _magics(shell: InteractiveShell) -> TfmfaMagics | None:
    found = shell.magics_manager.registry.get(TfmfaMagics.__name__)
    return found if isinstance(found, TfmfaMagics) else None
