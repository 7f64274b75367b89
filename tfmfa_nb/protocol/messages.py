"""Every message between the kernel and whoever talks to it: the card, the forms, the status bar, the editor, a runner.

Frozen dataclasses, because a handler can then match on what it got, and because `codec` and `typescript` read their
fields as the format. What JupyterLab sends is named a request. A code or a secret access key is no field of any of
them: it would stand in their reprs. It travels beside a message under `SECRET_FIELDS`, and is taken out of the raw
message into a `Secret` before that is parsed.

Any message may be lost. The kernel therefore sends whole states, and front ends ask again.

Texts of the kernel's messages have been made visible and cut to a length (`views.sanitize`) by whoever sends them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from tfmfa_nb.protocol.codec import Longest, parse

PROTOCOL = 1
"""The version of these messages: another one where a field changes its meaning, or one is needed that was not."""

COMM_TARGET = "tfmfa_nb"
"""The target of the status bar's and the editor's comm."""

SECRET_FIELDS: Mapping[str, int] = {"code": 64, "secret": 4_096}
"""The raw fields that `Authenticate` and `FormAction` have beside their own, and how many characters they may have."""

_LONGEST_CELL = 1_000_000
Cell = Annotated[str, Longest(_LONGEST_CELL)]
Word = Annotated[str, Longest(256)]
Typed = Annotated[str, Longest(4_096)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """A card or a form has been drawn, or has heard nothing for a while: the answer is its state."""

    type: Literal["hello"] = "hello"
    protocol: int


# --- The run's card. ---


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
class Counts:
    """How many resources a plan adds, changes, destroys and imports."""

    add: int
    change: int
    destroy: int
    imported: int = 0


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


# --- The forms of %tfmfa. ---


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAction:
    """A person has pressed a button of a form; what stands in its secret field travels in the raw field `secret`.

    Attributes:
        type: which button.
        number: the result repeats it.
        texts: what stands in the plain fields, by their names.
    """

    type: Literal["save", "test", "find", "clear"]
    number: Annotated[str, Longest(64)]
    texts: Mapping[Word, Typed]


FormRequest = Hello | FormAction


def form_request(message: object) -> FormRequest | None:
    """What a form has sent; None where it is not understood."""
    return parse(message, *get_args(FormRequest))


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaDevice:
    """One of the person's MFA devices; `reason` says why it cannot be chosen."""

    serial: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormResult:
    """How the action `number` ended; "" before the first.

    Attributes:
        text: one line.
        good: whether it was done.
        fields: what is wrong, by the field that it stands beside.
        warning: whether the text is worth a second look.
        chosen: the serial number that belongs into its field.
        devices: the MFA devices to choose from.
    """

    number: str
    text: str
    good: bool
    fields: Mapping[str, str]
    warning: bool = False
    chosen: str | None = None
    devices: tuple[MfaDevice, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChoice:
    """A level, what it means, and whether it may be chosen."""

    name: str
    meaning: str
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsContent:
    """What the form for an environment's setting shows.

    Attributes:
        level: the level in force; "" where it cannot be read, and `problem` says why.
        reason: why a level is not offered.
        off: whether the organization has MFA switched off.
    """

    environment: str
    level: str
    levels: tuple[LevelChoice, ...]
    reason: str
    off: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableOrigin:
    """Where an organization variable comes from, in words."""

    name: str
    words: str
    missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesContent:
    """What the form for the organization variables shows.

    Attributes:
        problem: what is wrong with them, beside those that are missing.
        keychain: the OS keychain's name; "" where there is none, and `no_keychain` says why.
    """

    variables: tuple[VariableOrigin, ...]
    problem: str
    keychain: str
    no_keychain: str


FormContent = SettingsContent | VariablesContent


@dataclass(frozen=True, slots=True, kw_only=True)
class FormState:
    """A form. Of two states the one with the greater `seq` is the newer.

    Attributes:
        busy: the type of the action that is under way; "" for none.
        content: None where it has not been read anew: what was shown stays.
    """

    type: Literal["state"] = "state"
    protocol: int = PROTOCOL
    seq: int
    busy: str
    result: FormResult
    content: FormContent | None


# --- The status bar and the editor, through one comm. ---


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """The latest run, in public words; `question` is what a person is asked now, "" for nothing."""

    id: str
    environment: str
    phase: str
    status: str
    level: str
    lock_indicator: str
    canceling: bool
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelStatus:
    """Whether a run plans, asks or applies, and the run that was started last, if there is one."""

    type: Literal["status"] = "status"
    protocol: int = PROTOCOL
    busy: bool
    run: RunStatus | None


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
class Ask:
    """A question about a cell; the answer repeats its number."""

    type: Literal["ask"] = "ask"
    number: int
    question: EditorQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRun:
    """Stop the run `id` gracefully, if it is still the latest one."""

    type: Literal["cancel"] = "cancel"
    id: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAnything:
    """A question that is not understood. Its answer is nothing, so that nobody waits for it."""

    type: Literal["ask"] = "ask"
    number: int


StatusRequest = CancelRun | Ask | AskAnything


def status_request(message: object) -> StatusRequest | None:
    """What has come through the comm; None where it is not understood."""
    return parse(message, *get_args(StatusRequest))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to the question `number`, if there is one."""

    type: Literal["answer"] = "answer"
    number: int
    answer: EditorAnswer | None


StatusMessage = KernelStatus | Answer
