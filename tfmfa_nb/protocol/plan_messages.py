"""The messages of a plan's tree: the card asks for the rows in view, and the kernel answers with them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from tfmfa_nb.protocol.codec import Longest

MOST_PLAN_ROWS = 300
"""The most rows in one answer."""

_Typed = Annotated[str, Longest(200)]
_Key = Annotated[str, Longest(2_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """Which rows of a plan there are: how they are grouped, which changes are shown, and what is open.

    Attributes:
        grouping: the groups of the changes.
        text: shows what has this text in its address, its reason, or its attributes; "" shows all.
        actions: shows the changes with one of these actions; empty shows all.
        resource_type: shows the changes of this type; "" shows all.
        module: shows the changes of the module with this address, "" for the root module; None shows all.
        states: shows the changes whose apply is in one of these states; empty shows all.
        new: shows the changes that were not planned like this in the run before.
        opened: whether changes are open, except for those in `toggled`.
        toggled: keys of the rows that are not as they are at first: open or closed.
    """

    grouping: Literal["module", "action"]
    text: _Typed = ""
    actions: tuple[_Typed, ...] = ()
    resource_type: _Key = ""
    module: _Key | None = None
    states: tuple[_Typed, ...] = ()
    new: bool = False
    opened: bool = False
    toggled: tuple[_Key, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRowsRequest:
    """Requests the rows from `start` up to, but not including, `stop`.

    Attributes:
        query: the answer repeats it; several pages may show one card.
        typed: also requests the next row after row `after` that begins with this text.
        choices: also requests what can be chosen in the filters.
    """

    type: Literal["plan_rows"] = "plan_rows"
    query: int
    start: int
    stop: int
    view: PlanView
    typed: _Typed = ""
    after: int = 0
    choices: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPlace:
    """Where a row stands in the tree: `position` of `size` rows of one level below one row, from 1.

    Attributes:
        key: names the row as long as the plan is the same.
        parent: the number of the row above it in the tree; -1 if there is none.
        open: None for a row that has nothing below it.
    """

    key: str
    level: int
    position: int
    size: int
    parent: int
    open: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyMark:
    """How far the apply of a change is, or of all changes of a group, which has no times.

    Attributes:
        state: the key of its icon and its color.
        word: the same in words.
        start: since when it runs, in seconds since the epoch by the kernel's clock; 0 if it does not run.
        seconds: how long it took so far; 0 if nothing of it has ended.
    """

    state: Literal["failed", "running", "waiting", "done", "interrupted", "not_started"]
    word: str
    start: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """The head of a group; `about` says in words what is in it, `mark` how far its apply is."""

    kind: Literal["group"] = "group"
    place: PlanPlace
    title: str
    about: str
    action: str = ""
    mark: ApplyMark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """What happens to a resource or an output, what happened to a resource, or a check.

    Attributes:
        subject: what it is; drift is a change that was made outside of Terraform.
        action: the key of its icon and its color.
        sign: as Terraform writes it.
        word: the action in words.
        address: whole address, which can be copied.
        label: address within the group.
        reason: why this action is planned; "" if Terraform does not say.
        notes: what else there is to know, in words.
        mark: how far its apply is; None before the apply, and for what no apply changes.
    """

    kind: Literal["change"] = "change"
    place: PlanPlace
    subject: Literal["resource", "drift", "deferred", "output", "check"]
    action: str
    sign: str
    word: str
    address: str
    label: str
    reason: str
    notes: tuple[str, ...]
    mark: ApplyMark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanValue:
    """A value as text; a placeholder stands for one that is sensitive, or known only after the apply."""

    kind: Literal["known", "unknown", "sensitive", "null"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRow:
    """An attribute, or a part of it.

    Attributes:
        sign: "+" added, "-" removed, "~" changed, " " unchanged.
        before: None if it did not exist, or if the rows below tell.
        after: None if it will not exist, or if the rows below tell.
        forces: whether it forces the replacement of the resource.
        about: what the rows below are; "" if there are none, or if that is plain.
    """

    kind: Literal["attribute"] = "attribute"
    place: PlanPlace
    sign: str
    name: str
    before: PlanValue | None
    after: PlanValue | None
    forces: bool
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line of a text: its pieces, each with whether it is a word that changed."""

    kind: Literal["line"] = "line"
    place: PlanPlace
    sign: str
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """A sentence, such as how many attributes are unchanged; they are the rows below it."""

    kind: Literal["note"] = "note"
    place: PlanPlace
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosticLine:
    """A line of the configuration: its pieces, each with whether it is what the error is about."""

    number: int
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosticRow:
    """An error as Terraform explains it.

    Attributes:
        summary: one line.
        detail: lines of text; "" if there are none.
        where: the place in the configuration, in words; "" if there is none.
        lines: the lines of the configuration.
        values: what the expressions in them are.
    """

    kind: Literal["diagnostic"] = "diagnostic"
    place: PlanPlace
    summary: str
    detail: str
    where: str
    lines: tuple[DiagnosticLine, ...]
    values: tuple[str, ...]


PlanRow = GroupRow | ChangeRow | AttributeRow | LineRow | NoteRow | DiagnosticRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChoices:
    """What can be chosen in the filters: each with the number of changes that it has.

    Attributes:
        new: how many were not planned like this in the run before; None if that is not known.
    """

    actions: tuple[tuple[str, int], ...]
    types: tuple[tuple[str, int], ...]
    modules: tuple[tuple[str, int], ...]
    new: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRows:
    """Rows of a plan from `start`, possibly fewer than requested.

    Attributes:
        total: the number of all rows.
        shown: the number of changes that the filters leave.
        changes: the number of changes without the filters.
        order: another number where the same view has other rows than before, not only others in their place.
        states: how far the apply of the changes is, each with their number; empty before the apply.
        found: the row that begins with the typed text; -1 if there is none.
        choices: None if they were not requested.
    """

    type: Literal["plan_rows"] = "plan_rows"
    query: int
    start: int
    total: int
    shown: int
    changes: int
    rows: tuple[PlanRow, ...]
    order: int = 0
    states: tuple[tuple[str, int], ...] = ()
    found: int = -1
    choices: PlanChoices | None = None
