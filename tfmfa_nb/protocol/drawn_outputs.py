"""What the extension draws with buttons, beside the HTML that every front end can show: lists, and texts to copy."""

from dataclasses import dataclass
from typing import Literal

from tfmfa_nb.protocol.card_messages import ErrorDocument

OUTPUT_MIME = "application/vnd.tfmfa_nb+json"
"""The MIME type of these outputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRow:
    """A run in a table: its ID, its status, and the text of each column."""

    run: str
    status: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What to do next, in a sentence; `command` may be ""."""

    text: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsOutput:
    """The runs of the environment in `folder`; the column `status_column` has the statuses."""

    type: Literal["runs"] = "runs"
    title: str
    folder: str
    heads: tuple[str, ...]
    status_column: int
    rows: tuple[OutputRow, ...]
    steps: tuple[NextStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsOutput:
    """Documents to copy, each with its title."""

    type: Literal["documents"] = "documents"
    documents: tuple[ErrorDocument, ...]


OutputContent = RunsOutput | DocumentsOutput
