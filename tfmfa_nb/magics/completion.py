"""IPython's completion in HCL cells, for terminals and for front ends without the JupyterLab extension, and in lines.

Python names, which the other matchers would find there, are suppressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher

from tfmfa_nb.editing.cell import Cell
from tfmfa_nb.editing.command_words import complete_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from IPython.core.completer import CompletionContext

    from tfmfa_nb.editing.language_service import LanguageService
    from tfmfa_nb.editing.options import Option

_FIRST = 1000.0  # before all other matchers, which it suppresses


def matcher(service: Callable[[], LanguageService], options: Mapping[str, Sequence[Option]]) -> Any:
    """A matcher for `Completer.custom_matchers`.

    Args:
        service: called when an HCL cell is completed.
        options: the options of the magics for Terraform's other commands.
    """

    @context_matcher(identifier="tfmfa_nb", priority=_FIRST)  # type: ignore[untyped-decorator]
    def match(context: CompletionContext) -> Any:
        cell = Cell.read(context.full_text)
        if cell is None:
            typed, words = complete_command(context.text_until_cursor, options)
            items = [SimpleCompletion(text=word, type="option") for word in words]
            return {"completions": items, "matched_fragment": typed, "ordered": True, "suppress": bool(items)}
        lines = cell.text.split("\n")
        position = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        completions = service().complete(cell, position)
        proposed = [SimpleCompletion(text=item.insert or item.label, type=item.kind) for item in completions.items]
        fragment = cell.text[completions.start : position]
        return {"completions": proposed, "matched_fragment": fragment, "ordered": True, "suppress": True}

    return match
