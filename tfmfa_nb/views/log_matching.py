"""What a log is searched for: a text, a pattern, or where Terraform's errors begin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

# The first line of a diagnostic, in Terraform's box or without one. What is named is no error itself: it stands before
# the errors that it is about.
_ERROR = re.compile(r"[│\s]*Error: (?!Terraform encountered problems during initiali[sz]ation)")
_ERROR_WORD = "Error: "
_CLASS = re.compile(r"\\[pP]\{\^?\w+\}|\\.")  # in which a capital is none
_MEMORY = 1 << 20  # bytes, of one pattern


class Matching(Protocol):
    """What is searched for. A part of a line is where it begins, and where it ends, in characters."""

    def is_in(self, block: str) -> bool:
        """False if no line of `block` has a hit."""

    def parts(self, line: str) -> list[tuple[int, int]]:
        """The hits of a line."""


class Errors:
    """Where Terraform's errors begin."""

    def is_in(self, block: str) -> bool:
        """See `Matching`."""
        return _ERROR_WORD in block

    def parts(self, line: str) -> list[tuple[int, int]]:
        """All of the line, which is marked as a whole."""
        return [(0, len(line))] if _ERROR.match(line) else []


class Words:
    """A plain text; without capitals, it also finds capitals."""

    def __init__(self, text: str) -> None:
        self._text, self._folds = text, text == text.lower()

    def is_in(self, block: str) -> bool:
        """See `Matching`."""
        return self._text in self._folded(block)

    def parts(self, line: str) -> list[tuple[int, int]]:
        """See `Matching`."""
        shown, size = self._folded(line), len(self._text)
        if not shown.count(self._text):
            return []
        return [(match.start(), match.start() + size) for match in re.finditer(re.escape(self._text), shown)]

    def _folded(self, text: str) -> str:
        return text.lower() if self._folds else text


class Pattern:
    """A regular expression in the syntax of RE2, whose time grows with the text only, whatever the pattern is.

    Python's own needs years for some patterns, and nothing can stop it. Without capitals, it also finds capitals.

    Args:
        text: the expression.

    Raises:
        ValueError: it is none, as the error says in a sentence.
    """

    def __init__(self, text: str) -> None:
        try:
            import re2  # noqa: PLC0415 - only for who searches by a pattern
        except ImportError:
            raise ValueError("To search by a pattern, install google-re2 where the kernel runs.") from None
        options = re2.Options()
        options.log_errors, options.never_nl, options.max_mem = False, True, _MEMORY
        options.case_sensitive = (bare := _CLASS.sub("", text)) != bare.lower()
        try:
            re2.compile(text, options)  # by itself, so that the error is about what the person has entered
            self._search = re2.compile(f"(?m){text}", options).finditer
        except UnicodeEncodeError:
            raise ValueError("Not a regular expression: half of a character") from None
        except re2.error as error:
            reason = error.args[0]
            said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
            raise ValueError(f"Not a regular expression: {said}") from None

    def is_in(self, block: str) -> bool:
        """See `Matching`."""
        return any(True for _ in self._found(block.encode("utf-8", "replace")))

    def parts(self, line: str) -> list[tuple[int, int]]:
        """See `Matching`; a match of nothing is no hit."""
        encoded = line.encode("utf-8", "replace")
        if line.isascii():
            return list(self._found(encoded))
        return [(len(encoded[:start].decode()), len(encoded[:end].decode())) for start, end in self._found(encoded)]

    def _found(self, encoded: bytes) -> Iterator[tuple[int, int]]:
        return (match.span() for match in self._search(encoded) if match.start() < match.end())


def matching(kind: str, text: str) -> Matching:
    """What a person searches for.

    Args:
        kind: "text", "pattern", or "error".
        text: a text or a pattern.

    Raises:
        ValueError: the pattern is none.
    """
    if kind == "pattern":
        return Pattern(text)
    return Words(text) if kind == "text" else Errors()
