"""What the extension makes when it is first asked for: the answers to front ends, completion, and fleets."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.magics.defined_options import completable_options
from tfmfa_nb.protocol.fleet_records import FLEETS
from tfmfa_nb.protocol.runs_overview import AboutRun, AboutRuns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.editing.language_service import LanguageService
    from tfmfa_nb.magics.editor_help import EditorHelp
    from tfmfa_nb.magics.fleet_magics import FleetMagics
    from tfmfa_nb.magics.magics import TfmfaMagics
    from tfmfa_nb.magics.run_actions import RunActions
    from tfmfa_nb.magics.status_comm import AnswerQuestion, Reply
    from tfmfa_nb.protocol.status import KernelQuestion


def language_service_of(magics: TfmfaMagics) -> Callable[[], LanguageService]:
    """The service for completion and editor help; the first question creates it."""

    @cache
    def service() -> LanguageService:
        from tfmfa_nb.editing.language_service import LanguageService  # noqa: PLC0415 - until needed

        language_service = LanguageService(os.environ, Path.cwd, lambda: magics.environment, completable_options())
        magics.closing.append(language_service.close)
        return language_service

    return service


def answers_of(service: Callable[[], LanguageService], magics: TfmfaMagics) -> AnswerQuestion:
    """The function that answers the front ends' questions; the first question of a kind creates what answers it."""

    @cache
    def editor_help() -> EditorHelp:
        from tfmfa_nb.magics.editor_help import EditorHelp  # noqa: PLC0415 - until needed

        created = EditorHelp(service(), magics.read_policy)
        magics.closing.append(created.close)
        return created

    @cache
    def run_actions() -> RunActions:
        from tfmfa_nb.magics.run_actions import RunActions  # noqa: PLC0415 - until needed

        created = RunActions(magics)
        magics.closing.append(created.close)
        return created

    def answer(question: KernelQuestion, reply: Reply) -> None:
        if isinstance(question, AboutRuns | AboutRun):
            run_actions().answer(question, reply)
        else:
            editor_help().answer(question, reply)

    return answer


def fleets_of(shell: InteractiveShell, magics: TfmfaMagics) -> Callable[..., Awaitable[object]]:
    """What performs a phase of a fleet; made when it is first used."""

    @cache
    def made() -> FleetMagics:
        from tfmfa_nb.magics.fleet_magics import FleetMagics  # noqa: PLC0415 - until needed

        fleets = FleetMagics(shell, magics)
        magics.closing.append(fleets.close)
        return fleets

    async def perform(what: str, *given: object) -> object:
        if what == "list" and not _has_fleets():
            return None
        return await made().perform(what, *given)  # type: ignore[arg-type]

    return perform


def _has_fleets() -> bool:
    """Whether the notebook's folder has fleets to name."""
    return Path(FLEETS).is_dir()
