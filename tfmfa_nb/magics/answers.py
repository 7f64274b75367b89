"""What answers the questions of front ends and of completion; the first question makes it, so that loading is fast."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.magics.defined_options import completable_options
from tfmfa_nb.protocol.runs_overview import AboutRun, AboutRuns

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.editing.language_service import LanguageService
    from tfmfa_nb.magics.editor_help import EditorHelp
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
