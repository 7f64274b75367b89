"""IPython's completion in HCL cells, for terminals and for front ends without the JupyterLab extension.

Python names, which the other matchers would find in HCL, are suppressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher

from tfmfa_nb.editing.cell import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.completer import CompletionContext

    from tfmfa_nb.editing.language_service import LanguageService

_FIRST = 1000.0  # before all other matchers, which it suppresses


def matcher(service: Callable[[], LanguageService]) -> Any:
    """A matcher for `Completer.custom_matchers`; it calls `service` when an HCL cell is completed."""

    @context_matcher(identifier="tfmfa_nb", priority=_FIRST)  # type: ignore[untyped-decorator]
    def match(context: CompletionContext) -> Any:
        cell = Cell.read(context.full_text)
        if cell is None:
            return {"completions": []}
        lines = cell.text.split("\n")
        position = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        completions = service().complete(cell, position)
        items = [SimpleCompletion(text=item.insert or item.label, type=item.kind) for item in completions.items]
        fragment = cell.text[completions.start : position]
        return {"completions": items, "matched_fragment": fragment, "ordered": True, "suppress": True}

    return match
