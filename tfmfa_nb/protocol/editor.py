"""What the editor asks about a cell, and the answers; they travel in `Ask` and `Answer` (`protocol.status`)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from tfmfa_nb.protocol.codec import Longest

Cell = Annotated[str, Longest(1_000_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutPosition:
    """Wants completions, or an explanation, at `offset` of the cell `text`, in UTF-16 code units."""

    type: Literal["complete", "hover"]
    text: Cell
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutCell:
    """Wants the cell `text` formatted or validated, or the level of its environment."""

    type: Literal["format", "validate", "level"]
    text: Cell


EditorQuestion = AboutPosition | AboutCell


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionItem:
    """What can stand at a position; `insert` is written instead of `label`, `about` and `text` explain it."""

    label: str
    kind: str
    insert: str | None = None
    about: str | None = None
    text: str | None = None
    deprecated: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionAnswer:
    """What can stand in the place of the text from `start` to `end`, in UTF-16 code units of the cell."""

    start: int
    end: int
    items: tuple[CompletionItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoverAnswer:
    """What there is to say about the text from `start` to `end`, in UTF-16 code units of the cell."""

    start: int
    end: int
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatAnswer:
    """The cell as `terraform fmt` writes it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """What `terraform validate` says of the text from `start` to `end`; `severity` is "error" or "warning"."""

    start: int
    end: int
    severity: str
    summary: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateAnswer:
    """What `terraform validate` says of the cell."""

    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAnswer:
    """The environment that the cell means, its level, and the lock indicator before anything has run there."""

    environment: str
    level: str
    lock_indicator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """Why there is no answer, in one sentence."""

    error: str


EditorAnswer = CompletionAnswer | HoverAnswer | FormatAnswer | ValidateAnswer | LevelAnswer | ErrorAnswer
