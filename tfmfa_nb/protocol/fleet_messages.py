"""The messages of a fleet's card."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tfmfa_nb.protocol.card_messages import Authenticate, Cancel, Confirm, Discard, Identity, Question, UnsealedCode
from tfmfa_nb.protocol.codec import parse
from tfmfa_nb.protocol.decision import SevereChange
from tfmfa_nb.protocol.hello import PROTOCOL, Hello


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplySelected:
    """Answers the choice `number`: the rows to apply, by their places in the fleet, and how the fleet goes on."""

    type: Literal["apply_selected"] = "apply_selected"
    number: int
    rows: tuple[int, ...]
    at_once: int
    canary: int
    stop_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseFleet:
    """Start no other run for now, or go on."""

    type: Literal["pause"] = "pause"
    paused: bool


FleetRequest = Hello | Authenticate | UnsealedCode | Confirm | Cancel | Discard | ApplySelected | PauseFleet


def fleet_request(message: object) -> FleetRequest | None:
    """The request in a message of a fleet's card; None if it is not valid."""
    return parse(message, *get_args(FleetRequest))


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPhase:
    """One phase of an environment.

    Attributes:
        status: status of the run in this phase; "" before it.
        words: how it stands, in a few words; "" before it.
        started_at, ended_at: since the epoch; 0 before the start and the end.
        error: what stopped it, in a sentence; "" if nothing did.
    """

    status: str = ""
    words: str = ""
    started_at: float = 0.0
    ended_at: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """An environment of a fleet.

    Attributes:
        run: ID of its run; "" before there is one.
        folder: its folder as the runs panel names it.
        changes: Terraform's counts, `+2 ~1 -0`; "" before the plan.
        numbers: how many resources each action is about, for those that are about any.
        changed, failed: by what the rows are filtered.
        can_apply: whether it has a plan that waits for its apply.
        takes_part: whether it is part of the fleet's last phase.
        severe: what its plan destroys, replaces, or forgets, as far as there is room.
        more_severe: how many it does not name.
    """

    name: str
    run: str
    folder: str
    changes: str
    numbers: Mapping[str, int]
    changed: bool
    failed: bool
    can_apply: bool
    takes_part: bool
    severe: tuple[SevereChange, ...] = ()
    more_severe: int = 0
    plan: FleetPhase
    apply: FleetPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetChoice:
    """The question which environments are applied, and how: the numbers of the magic's line, 0 for none."""

    number: int
    at_once: int
    canary: int
    stop_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetState:
    """A fleet as its card shows it. Of two states, the one with the higher `seq` is newer. Times are in seconds.

    Attributes:
        now: the kernel's clock, since the epoch.
        question: open question on this card; None if there is none.
        choice: open question which environments are applied; None if there is none.
        decision: what all of them do, in a line.
        pace: how the fleet goes on, in a sentence; "" before it does.
        stands: how many environments are in which status.
        can_pause: whether runs wait for their turns.
        ended: whether nothing goes on, and nothing is asked.
    """

    type: Literal["fleet"] = "fleet"
    protocol: int = PROTOCOL
    seq: int
    now: float
    question: Question | None
    choice: FleetChoice | None
    id: str
    phase: str
    level: str
    decision: str
    pace: str
    lock_indicator: str
    lock_indicator_text: str
    lock_indicator_remedy: str
    identity: Identity
    rows: tuple[FleetRow, ...]
    started_at: float
    can_pause: bool
    paused: bool
    canceling: bool
    status: str
    stands: str
    ended: bool
