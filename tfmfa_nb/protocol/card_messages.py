"""The messages of a run's card."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from tfmfa_nb.protocol.codec import Longest, parse
from tfmfa_nb.protocol.decision import Decision
from tfmfa_nb.protocol.hello import PROTOCOL, Hello
from tfmfa_nb.protocol.log_messages import Found, Lines, LogRequest, Text
from tfmfa_nb.protocol.needed_approvals import GivenApproval as GivenApproval  # noqa: PLC0414 - a part of the next
from tfmfa_nb.protocol.needed_approvals import NeededApprovals as NeededApprovals  # noqa: PLC0414 - a part of a state
from tfmfa_nb.protocol.picture_messages import PictureRequest, PlanGraph, Timeline
from tfmfa_nb.protocol.plan_messages import PlanRows, PlanRowsRequest
from tfmfa_nb.protocol.sealing import Sealed
from tfmfa_nb.protocol.sealing import SealingKey as SealingKey  # noqa: PLC0414 - a part of a question

Word = Annotated[str, Longest(256)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Answers the question `number` with a code."""

    type: Literal["authenticate"] = "authenticate"
    number: int
    sealed: Sealed = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsealedCode:
    """Answers the question `number` from a page that cannot encrypt; the code is in the raw field `code`."""

    type: Literal["unsealed_code"] = "unsealed_code"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Answers the question `number` with yes, and with the word that it requires."""

    type: Literal["confirm"] = "confirm"
    number: int
    word: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Stop the run gracefully."""

    type: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Kill Terraform; resources that it is changing may be missing from the state."""

    type: Literal["kill"] = "kill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """Discard the plan."""

    type: Literal["discard"] = "discard"


CardRequest = (
    Hello
    | LogRequest
    | PlanRowsRequest
    | PictureRequest
    | Authenticate
    | UnsealedCode
    | Confirm
    | Cancel
    | Kill
    | Discard
)


def card_request(message: object) -> CardRequest | None:
    """The request in a message of a card; None if it is not valid."""
    return parse(message, *get_args(CardRequest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question to the person on the card.

    Attributes:
        kind: kind of the answer.
        number: number that the answer repeats.
        phase: phase that requires the answer.
        text: one line.
        button: what the button that answers says.
        attempt: number of the attempt, from 1.
        next_code_at: when the device shows its next code, in seconds since the epoch; 0 if unknown.
        word: what the person has to type to confirm; "" for none.
        problem: why the previous answer could not be read; "" if there was none.
        sealing_key: the key for the code; None for a confirmation.
    """

    kind: Literal["code", "confirm"]
    number: int
    phase: str
    text: str
    button: str
    attempt: int = 1
    next_code_at: float = 0.0
    word: str = ""
    problem: str = ""
    sealing_key: SealingKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who runs Terraform; unknown values are empty."""

    account: str = ""
    alias: str = ""
    user: str = ""
    arn: str = ""
    serial_number: str = ""
    region: str = ""
    source: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A role, and whether it can be assumed from the previous one; `message` is the cause of a refusal."""

    arn: str
    state: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChain:
    """The roles of one provider, in the order in which Terraform assumes them."""

    provider: str
    place: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceInProgress:
    """A resource that is being changed, and since when, in seconds since the epoch by the kernel's clock."""

    address: str
    action: str
    start: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowResource:
    """A resource whose change took long, in seconds."""

    address: str
    action: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of an apply, in changes; a replacement is two.

    Attributes:
        version: another number where rows of the plan's tree say something else.
        current: the first of those that are under way.
        more: the number of the others.
        slowest: those that took longest.
        ends_at: when it will have ended, in seconds since the epoch by the kernel's clock; 0 if nobody can know.
    """

    done: int
    total: int
    failed: int = 0
    version: int = 0
    current: tuple[ResourceInProgress, ...] = ()
    more: int = 0
    slowest: tuple[SlowResource, ...] = ()
    ends_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output of an apply.

    Attributes:
        text: its value: a text as it is, another value as HCL; what stands for it if it is sensitive.
        sensitive: whether its value is not told.
        whole: whether the text is the value as it is; otherwise `run.outputs` has that.
    """

    name: str
    text: str
    sensitive: bool
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCheckResult:
    """How a policy check has judged the plan.

    Attributes:
        sentence: in one line: which check, how it ended, and how long it took.
        command: its command line.
        source: the policy file that demands it; "" for one of the magic's line or the command line.
        output: the end of what it printed.
    """

    passed: bool
    sentence: str
    command: str
    source: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDocument:
    """A policy or a block of configuration that fixes an error, ready to paste."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardState:
    """A run as its card shows it. Of two states, the one with the higher `seq` is newer. Times are in seconds.

    Attributes:
        now: the kernel's clock, since the epoch.
        question: open question on this card; None if there is none.
        workspace: Terraform's; "" before it is known.
        step: what is done now, in a few words; "" if there is nothing to tell.
        command: another command of Terraform's than a plan and its apply, with what follows it; "" for those.
        warning: what went wrong without stopping the run, in a few words; "" if nothing did.
        decision: what the apply of the plan does; None before the plan, and for other commands.
        progress: None before the apply.
        outputs: what the apply has reported at its end, as far as there is room.
        more_outputs: the number of the others.
        policy_checks: the results of the policy checks, those that failed first, as far as there is room.
        more_policy_checks: the number of the others.
        needed_approvals: the approvals that the apply needs, and those that it has; None if none is demanded.
        comparison: how the plan stands to that of the run before, in a sentence; "" if it is not compared.
        has_plan: whether the rows of its plan can be requested.
        has_timeline: whether the timeline of its apply can be requested.
        started_at, ended_at: since the epoch; 0 before the start and the end.
        waited: how long the phase has waited for a person.
    """

    type: Literal["state"] = "state"
    protocol: int = PROTOCOL
    seq: int
    now: float
    question: Question | None
    id: str
    environment: str
    workspace: str = ""
    command: str = ""
    phase: str
    status: str
    step: str = ""
    warning: str = ""
    level: str
    lock_indicator: str
    lock_indicator_text: str
    lock_indicator_remedy: str
    authenticated_by: str
    identity: Identity
    roles: tuple[RoleChain, ...]
    decision: Decision | None
    needed_approvals: NeededApprovals | None
    progress: Progress | None
    outputs: tuple[Output, ...] = ()
    more_outputs: int = 0
    policy_checks: tuple[PolicyCheckResult, ...] = ()
    more_policy_checks: int = 0
    comparison: str = ""
    has_plan: bool
    has_timeline: bool = False
    notes: tuple[str, ...]
    error: str
    error_remedy: str
    error_documents: tuple[ErrorDocument, ...]
    log_lines: int
    log_start: int
    log_path: str
    started_at: float
    ended_at: float
    waited: float
    canceling: bool
    product: str
    program: str
    policy: str


CardMessage = CardState | Lines | Found | Text | PlanRows | PlanGraph | Timeline
