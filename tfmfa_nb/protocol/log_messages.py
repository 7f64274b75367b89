"""The messages about the log on a run's card.

The front end counts a log in rows. By default, a row is a line of the file. In a view with `brief`, lines that only
tell progress are hidden; with `columns`, longer lines are wrapped. The rows of such a view are counted from 0 at the
start of the phase.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from tfmfa_nb.protocol.codec import Longest


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesRequest:
    """Requests the rows of the log from `start` up to, but not including, `stop`.

    Attributes:
        line: requests as many rows around the one of this line of the file instead; -1 for none.
    """

    type: Literal["lines"] = "lines"
    start: int
    stop: int
    line: int = -1
    brief: bool = False
    columns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Rows of the log from `start`, possibly fewer than requested, of the `rows` that the view has.

    A row without colors is a text. A row with colors is a list of pieces: text, and classes with spaces between.

    Attributes:
        numbers: of each row, its line in the file; none if the rows are these lines.
        hidden: how many lines the view hides.
    """

    type: Literal["lines"] = "lines"
    start: int
    lines: tuple[str | tuple[tuple[str, str], ...], ...]
    brief: bool = False
    columns: int = 0
    rows: int
    numbers: tuple[int, ...] = ()
    hidden: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRequest:
    """Requests a hit in the rows of a view; a request with another `number` replaces the one before.

    Attributes:
        kind: what is searched for: `text` as it is, `text` as a regular expression, or Terraform's errors.
        text: without capitals, it also finds capitals.
        position: which hit, from 0, round and round; -1 for the first one in `row` or after it.
    """

    type: Literal["find"] = "find"
    number: int
    kind: Literal["text", "pattern", "error"]
    text: Annotated[str, Longest(500)]
    position: int
    row: int
    brief: bool = False
    columns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A part of a row from one place to another, as JavaScript counts; `current` for the hit that was asked for."""

    row: int
    start: int
    stop: int
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The hit number `position` of `total`, in `row`; -1 if there is none.

    Attributes:
        nth: which of the hits in the row it is, from 0; -1 if that is not known.
        marks: the hits of a pattern in the rows around it. The front end never executes a pattern, which could stop
            the page.
        problem: why nothing can be searched for, in a sentence.
    """

    type: Literal["found"] = "found"
    number: int
    total: int
    position: int
    row: int
    nth: int
    marks: tuple[Mark, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRequest:
    """Requests the rows from `start` to `stop` as plain text, without the first `skip` characters; -1 is the end."""

    type: Literal["text"] = "text"
    number: int
    start: int
    skip: int
    stop: int
    brief: bool = False
    columns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A part of the requested text; the rest begins at `row`, after `skip` characters.

    Attributes:
        data: gzip, in Base64: a long log has the same words in each line.
    """

    type: Literal["text"] = "text"
    number: int
    data: str
    row: int
    skip: int
    done: bool


LogRequest = LinesRequest | FindRequest | TextRequest
