"""How a run stands, in the metadata of its display, for the program that executes the notebook."""

from dataclasses import dataclass

from tfmfa_nb.protocol.codec import parse
from tfmfa_nb.protocol.hello import PROTOCOL

DISPLAY_KEY = "tfmfa_nb"
"""The key in a display's metadata under which a run says how it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many resources a plan adds, changes, destroys and imports."""

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
    """Who runs Terraform, as far as a record keeps it."""

    account: str
    arn: str
    serial_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayedProgress:
    """How far an apply is, in resources."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayedRun:
    """What a record says of one phase of a run; nothing in it is secret. `roles` are the ARNs of all hops."""

    id: str
    environment: str
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
    """How a run stands, in the metadata of its display, for the program that executes the notebook.

    Attributes:
        folder: the environment's, seen from the kernel's.
        path: the log's, seen from the kernel's folder.
        start, lines: which of the log's lines belong to this phase.
        lock_sentence: the lock indicator in words; "" before there is something to say.
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
    """How a run stands, by a display's metadata; None for what shows no run, or one of another version."""
    shown = metadata.get(DISPLAY_KEY) if isinstance(metadata, dict) else None
    found = parse(shown, RunDisplay)
    return found if found is not None and found.protocol == PROTOCOL else None
