"""What a mistyped word was meant to be."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def did_you_mean(typed: str, known: Iterable[str], form: str = '"{}"') -> str:
    """The question about the known word that is closest to `typed`: 'Did you mean "staging"?'; "" if none is close.

    Args:
        typed: the word that is not known.
        known: the words that are.
        form: how the word is written.
    """
    close = close_to(typed, known)
    return f"Did you mean {form.format(close)}?" if close else ""


def option_meant(words: Iterable[str], known: Collection[str]) -> str:
    """The question about the first unknown option of a line: "Did you mean --var-file?"; "" if there is none.

    Args:
        words: the words of the line.
        known: the options, with their dashes.
    """
    names = {option.lstrip("-"): option for option in known}  # dashes that all have make nothing similar
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("-") and option not in known and (name := close_to(option.lstrip("-"), names)):
            return f"Did you mean {names[name]}?"
    return ""


def close_to(typed: str, known: Iterable[str]) -> str:
    """The known word that is closest to `typed`; "" if none is close."""
    words = {word.casefold(): word for word in known}
    close = difflib.get_close_matches(typed.casefold(), words, 1)
    return words[close[0]] if close else ""
