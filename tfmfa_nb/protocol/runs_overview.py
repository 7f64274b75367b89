"""The messages of the runs panel: the environments and fleets of a folder, and what can be done with a run or a fleet.

`Ask` and `Answer` in `protocol.status` carry them.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from tfmfa_nb.protocol.codec import Longest

RunId = Annotated[str, Longest(256)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutRuns:
    """Requests the environments of the kernel's folder with their newest runs."""

    type: Literal["runs"] = "runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutRun:
    """Requests an action on a run of the environment in `folder`; `agreed` is true once the person has agreed.

    A fleet takes the place of a run for "open" and "cancel"; its `folder` is "".
    """

    type: Literal["open", "follow", "cancel", "discard", "unlock"]
    folder: Annotated[str, Longest(4_096)]
    run: RunId
    agreed: bool = False


RunsQuestion = AboutRuns | AboutRun


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run. `words` is its status in words, `started_at` in seconds since the epoch; unknown values are empty."""

    id: str
    status: str
    words: str
    changes: str
    command: str
    workspace: str
    authenticated_by: str
    started_at: float
    time: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRuns:
    """An environment with its newest runs. `lock` says which run has locked it, and `holder` is that run's ID."""

    name: str
    option: str
    folder: str
    level: str
    lock_indicator: str
    workspace: str
    lock: str
    holder: str
    can_unlock: bool
    problems: tuple[str, ...]
    runs: tuple[RunRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRun:
    """The run of an environment in a fleet. `name` and `folder` are the environment's, `words` its status in words."""

    name: str
    folder: str
    run: str
    status: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFleet:
    """A fleet. `environments` says how many there are, `stands` how many are in which status; `more` are not listed."""

    id: str
    started_at: float
    status: str
    environments: str
    stands: str
    runs: tuple[FleetRun, ...]
    more: int
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRuns:
    """The environments of a folder as they were at `at`, in seconds since the epoch; `more` are not listed."""

    folder: str
    at: float
    fleets: tuple[ListedFleet, ...]
    environments: tuple[EnvironmentRuns, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAnswer:
    """What was done, in a sentence; `card` is the widget of an opened run, `agree` what to agree to beforehand."""

    text: str
    card: str
    agree: str


RunsAnswer = FolderRuns | RunAnswer
