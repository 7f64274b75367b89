"""The state of a run in the metadata of its display, for the program that executes the notebook."""

from dataclasses import dataclass

from tfmfa_nb.protocol.codec import parse
from tfmfa_nb.protocol.hello import PROTOCOL

DISPLAY_KEY = "tfmfa_nb"
"""The key of the run's state in the metadata of its display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many resources a plan adds, changes, destroys, and imports."""

    add: int
    change: int
    destroy: int
    imported: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayedChange:
    """A resource that the plan changes."""

    address: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayedIdentity:
    """Who runs Terraform, as the record keeps it."""

    account: str
    arn: str
    serial_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayedProgress:
    """The progress of an apply, in resources."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayedRun:
    """One phase of a run, without secrets. `roles` are the ARNs of all hops; `command` is that of another command.

    The runs that have the same `fleet` wait for one code together.
    """

    id: str
    environment: str
    workspace: str = ""
    command: str = ""
    fleet: str = ""
    phase: str
    status: str
    level: str
    authenticated_by: str
    authenticated_at: float
    plan_sha256: str
    counts: Counts | None
    product: str
    started_at: float
    ended_at: float
    error: str
    identity: DisplayedIdentity
    roles: tuple[str, ...]
    changes: tuple[DisplayedChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDisplay:
    """The state of a run in the metadata of its display, for the program that executes the notebook.

    Attributes:
        folder: folder of the environment, relative to the kernel's folder.
        path: path of the log, relative to the kernel's folder; "" for a start that was refused, which is no run.
        start, lines: the lines of the log that belong to this phase.
        lock_sentence: the lock indicator in words; may be "".
    """

    protocol: int = PROTOCOL
    folder: str
    path: str
    start: int
    lines: int
    lock_indicator: str
    lock_sentence: str
    progress: DisplayedProgress
    run: DisplayedRun


def run_display(metadata: object) -> RunDisplay | None:
    """The state of a run in a display's metadata; None if it shows no run, or has another protocol version."""
    state = metadata.get(DISPLAY_KEY) if isinstance(metadata, dict) else None
    display = parse(state, RunDisplay)
    return display if display is not None and display.protocol == PROTOCOL else None
