"""The editor's questions about a cell, and the answers; `Ask` and `Answer` in `protocol.status` carry them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from tfmfa_nb.protocol.codec import Longest

Cell = Annotated[str, Longest(1_000_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutPosition:
    """Requests completions or documentation at `offset` in the cell `text`, in UTF-16 code units."""

    type: Literal["complete", "hover"]
    text: Cell
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutCell:
    """Requests to format or validate the cell `text`, or the level of its environment."""

    type: Literal["format", "validate", "level"]
    text: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutBlock:
    """Requests the place of the block in the cell `text` that declares the resource, or calls its module."""

    type: Literal["block"]
    text: Cell
    address: Annotated[str, Longest(2_000)]


EditorQuestion = AboutPosition | AboutCell | AboutBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionItem:
    """A completion. `insert` is inserted instead of `label`; `about` and `text` document it."""

    label: str
    kind: str
    insert: str | None = None
    about: str | None = None
    text: str | None = None
    deprecated: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionAnswer:
    """The completions that can replace the text from `start` to `end`, in UTF-16 code units of the cell."""

    start: int
    end: int
    items: tuple[CompletionItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoverAnswer:
    """The documentation of the text from `start` to `end`, in UTF-16 code units of the cell."""

    start: int
    end: int
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatAnswer:
    """The cell as `terraform fmt` formats it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """A finding of `terraform validate` about the text from `start` to `end`; `severity` is "error" or "warning"."""

    start: int
    end: int
    severity: str
    summary: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateAnswer:
    """The findings of `terraform validate` about the cell."""

    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockAnswer:
    """The start of the block, in UTF-16 code units of the cell."""

    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAnswer:
    """The cell's environment, its level, and the lock indicator before a run."""

    environment: str
    level: str
    lock_indicator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """Why there is no answer, in one sentence."""

    error: str


EditorAnswer = CompletionAnswer | HoverAnswer | FormatAnswer | ValidateAnswer | BlockAnswer | LevelAnswer | ErrorAnswer
