"""The messages of a run's card."""

from dataclasses import dataclass
from typing import Literal, get_args

from tfmfa_nb.protocol.codec import parse
from tfmfa_nb.protocol.hello import PROTOCOL, Hello
from tfmfa_nb.protocol.run_display import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesRequest:
    """Wants the lines of the log from `start` to before `stop`."""

    type: Literal["lines"] = "lines"
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Answers the question `number` with a code, which travels in the raw field `code`."""

    type: Literal["authenticate"] = "authenticate"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Answers the question `number` with yes."""

    type: Literal["confirm"] = "confirm"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Stop the run gracefully."""

    type: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Stop the run at once, which may lose resources from the state."""

    type: Literal["kill"] = "kill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """Give up the plan."""

    type: Literal["discard"] = "discard"


CardRequest = Hello | LinesRequest | Authenticate | Confirm | Cancel | Kill | Discard


def card_request(message: object) -> CardRequest | None:
    """What a card has sent; None where it is not understood."""
    return parse(message, *get_args(CardRequest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person is asked on the card.

    Attributes:
        kind: which answer is wanted.
        number: answers repeat it.
        phase: what the answer is for.
        text: one line.
        attempt: 1 for the first time.
        next_code_at: when the device shows its next code, in seconds since the epoch; 0 where that is not known.
    """

    kind: Literal["code", "confirm"]
    number: int
    phase: str
    text: str
    attempt: int = 1
    next_code_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who runs Terraform; each empty as long as it is not known."""

    account: str = ""
    alias: str = ""
    user: str = ""
    arn: str = ""
    serial_number: str = ""
    region: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A role, and whether it can be assumed from the one before it; a refused one with its cause."""

    arn: str
    state: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChain:
    """The roles of one provider, in the order in which they are assumed."""

    provider: str
    place: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceInProgress:
    """A resource that is being changed, for so many seconds."""

    address: str
    action: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an apply is, in resources; `more` of the current ones are not listed."""

    done: int
    total: int
    current: tuple[ResourceInProgress, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDocument:
    """What mends an error, ready to paste: a policy, or a block of configuration."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardState:
    """A run as its card shows it. Of two states the one with the greater `seq` is the newer. Times are in seconds.

    Attributes:
        now: the kernel's clock, since the epoch.
        question: what is asked on this card; None while nothing is.
        counts: None before a plan is there.
        progress: None before an apply is.
        started_at, ended_at: since the epoch; 0 where it has not come to that.
    """

    type: Literal["state"] = "state"
    protocol: int = PROTOCOL
    seq: int
    now: float
    question: Question | None
    id: str
    environment: str
    phase: str
    status: str
    level: str
    lock_indicator: str
    lock_indicator_text: str
    lock_indicator_remedy: str
    authenticated_by: str
    identity: Identity
    roles: tuple[RoleChain, ...]
    counts: Counts | None
    progress: Progress | None
    notes: tuple[str, ...]
    error: str
    error_remedy: str
    error_documents: tuple[ErrorDocument, ...]
    log_lines: int
    log_start: int
    log_path: str
    started_at: float
    ended_at: float
    canceling: bool
    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines of the log from `start`, perhaps fewer than were wanted.

    A line without colors is a text; another one is its pieces, each a text and its classes, separated by blanks.
    """

    type: Literal["lines"] = "lines"
    start: int
    lines: tuple[str | tuple[tuple[str, str], ...], ...]


CardMessage = CardState | Lines
