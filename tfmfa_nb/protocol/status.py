"""The messages of the comm between the kernel and the status bar, the runs panel, the commands and the editor."""

from dataclasses import dataclass
from typing import Literal, get_args

from tfmfa_nb.protocol.codec import parse
from tfmfa_nb.protocol.editor import EditorAnswer, EditorQuestion
from tfmfa_nb.protocol.hello import PROTOCOL
from tfmfa_nb.protocol.runs_overview import RunId, RunsAnswer, RunsQuestion

COMM_TARGET = "tfmfa_nb"
"""The target name of the comm."""

KernelQuestion = EditorQuestion | RunsQuestion
KernelAnswer = EditorAnswer | RunsAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """The latest run, or fleet. `question` is the kind of the open question, `card` the widget of its card; may be "".

    Attributes:
        stands: of a fleet, how many of its environments are in which status; "" for a run.
    """

    id: str
    environment: str
    phase: str
    status: str
    level: str
    lock_indicator: str
    canceling: bool
    question: str
    card: str
    stands: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelStatus:
    """The latest run or fleet, if there is one; `busy`: whether one is planning, waiting for an answer, or applying."""

    type: Literal["status"] = "status"
    protocol: int = PROTOCOL
    busy: bool
    run: RunStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question about a cell or a run; the answer repeats its number."""

    type: Literal["ask"] = "ask"
    number: int
    question: KernelQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownQuestion:
    """A question of an unknown kind. It gets an empty answer, so that the front end does not wait."""

    type: Literal["ask"] = "ask"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRun:
    """Stop the run `id` gracefully, if it is still the latest one."""

    type: Literal["cancel"] = "cancel"
    id: RunId


StatusRequest = CancelRun | Ask | UnknownQuestion


def status_request(message: object) -> StatusRequest | None:
    """The request in a message of the comm; None if it is not valid."""
    return parse(message, *get_args(StatusRequest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to the question `number`, if there is one."""

    type: Literal["answer"] = "answer"
    number: int
    answer: KernelAnswer | None


StatusMessage = KernelStatus | Answer
