"""Completion of the words of Terraform's other commands, on the lines of their magics: `%tfstate l` → `list`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tfmfa_nb.editing.line_words import canonical
from tfmfa_nb.protocol.words import COMMAND_MAGICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.editing.options import Option

_LINE = re.compile(rf"\s*(?:[\w.,\[\]\" ]+=\s*)?%(?P<magic>{'|'.join(COMMAND_MAGICS)})[ \t]+(?P<line>.*)\Z", re.DOTALL)
# The magics of which the first word goes on with a command.
_BEGUN = {"tf": [], "tfstate": ["state"], "tfproviders": ["providers"]}


def complete_command(before: str, options: Mapping[str, Sequence[Option]]) -> tuple[str, list[str]]:
    """The word that is being typed, and the words that may stand in its place; none if the line is no such magic's.

    Args:
        before: the text of the line before the cursor.
        options: the options of each magic, without "%".
    """
    match = _LINE.match(before)
    if match is None:
        return "", []
    magic = match["magic"]
    *words, typed = re.split(r"[ \t]+", match["line"])
    own = {flag: option for option in options.get(magic, ()) for flag in option.flags}
    if typed.startswith("-"):
        return typed, [flag for flag in own if flag.startswith(typed)]
    given = list(_BEGUN.get(magic, ()))
    is_value = False
    for word in words:
        flag, is_joined, _ = canonical(word).partition("=")
        if not is_value and not word.startswith("-"):
            given.append(word)
        is_value = not is_value and flag in own and bool(own[flag].value) and not is_joined
    if magic not in _BEGUN or is_value:
        return typed, []
    from tfmfa_nb.terraform.command_table import COMMANDS  # noqa: PLC0415 - every load would import it

    known = (name.split() for name in COMMANDS)
    following = {name[len(given)] for name in known if name[: len(given)] == given and len(name) > len(given)}
    return typed, sorted(word for word in following if word.startswith(typed))
