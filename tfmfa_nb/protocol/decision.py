"""What the apply of a plan does, in words: what a person reads before the code or the confirmation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.words import ACTION_VERBS, COUNTED_ACTIONS, NO_CHANGES, SEVERE_ACTIONS, action_sign, count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

# What becomes of a resource, by the states of its steps: while the run goes on, and after its end.
_WAITING, _RUNNING, _DONE, _FAILED = "waiting", "running", "done", "failed"
_DESTROYED = {
    "": ("will be destroyed", "was to be destroyed"),
    _WAITING: ("will be destroyed", "was not destroyed"),
    _RUNNING: ("is being destroyed", "may have been destroyed"),
    _DONE: ("was destroyed",) * 2,
    _FAILED: ("could not be destroyed",) * 2,
}
_UNKNOWN = ("is being replaced", "may have been destroyed, and not re-created")
_REPLACED = {
    ("", ""): ("will be destroyed and re-created", "was to be destroyed and re-created"),
    (_WAITING, _WAITING): ("will be destroyed and re-created", "was not replaced"),
    (_DONE, _WAITING): ("was destroyed, and is not re-created yet", "was destroyed, and not re-created"),
    (_DONE, _RUNNING): ("was destroyed, and is not re-created yet", "was destroyed, and may not have been re-created"),
    (_DONE, _FAILED): ("was destroyed, and could not be re-created",) * 2,
    (_DONE, _DONE): ("was destroyed and re-created",) * 2,
    (_FAILED, _WAITING): ("could not be destroyed",) * 2,
    # With `create_before_destroy`
    (_WAITING, _RUNNING): (
        "is being re-created, and the old one is still there",
        "was not destroyed; a new one may exist",
    ),
    (_RUNNING, _DONE): (
        "is re-created, and the old one is being destroyed",
        "was re-created, and the old one may be left",
    ),
    (_WAITING, _FAILED): ("could not be re-created, and was not destroyed",) * 2,
    (_WAITING, _DONE): ("is re-created, and the old one is still there", "was re-created, and the old one is left"),
    (_FAILED, _DONE): ("was re-created, and the old one could not be destroyed",) * 2,
}
_FORGOTTEN = {
    "": ("will be removed from the state, not destroyed", "was to be removed from the state, not destroyed"),
    _DONE: ("was removed from the state, not destroyed",) * 2,
}
# The same of a plan whose apply has succeeded.
_DONE_VERBS = {
    "create": "added",
    "update": "changed",
    "delete": "destroyed",
    "replace": "replaced",
    "import": "imported",
    "move": "moved",
    "forget": "removed from the state",
}
_MOST = 20  # of the resources that are named; the plan has them all


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPart:
    """How many resources one action is about: `1 to destroy`, or, once that is done, `1 destroyed`."""

    action: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SevereChange:
    """A resource that is destroyed, replaced, or forgotten; `words` say how far that is, and `reason` may be empty."""

    address: str
    action: str
    words: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the apply of a plan does, or has done.

    Attributes:
        title: "Plan", or "Applied" after an apply that has succeeded.
        parts: how many resources each action is about.
        severe: what is destroyed, replaced, or forgotten.
        more: how many of them are not named.
        resources: how many resources it changes.
    """

    title: str
    parts: tuple[DecisionPart, ...]
    severe: tuple[SevereChange, ...]
    more: int
    resources: int


def decision_of(
    counts: Mapping[str, int] | None,
    changes: Sequence[Mapping[str, str]],
    steps: Callable[[str], Mapping[str, str]] = lambda _: {},
    *,
    ended: bool = False,
    applied: bool = False,
) -> Decision | None:
    """The decision about a plan, and what has become of what it destroys; None while there is none.

    Args:
        counts: Terraform's own: add, change, destroy, imported. A replacement counts as added and as destroyed.
        changes: the changes, once they are known: action, address, reason.
        steps: how far the apply of a resource is, by its address: "delete", "create", and "forget", each "waiting",
            "running", "done", or "failed"; nothing before the apply.
        ended: whether the run has ended.
        applied: whether its apply has succeeded.
    """
    if counts is None:
        return None
    verbs = _DONE_VERBS if applied else {action: f"to {verb}" for action, verb in ACTION_VERBS.items()}
    numbers = numbers_of(counts, changes)
    severe, more = severe_of(changes, steps, ended=ended)
    return Decision(
        title="Applied" if applied else "Plan",
        parts=tuple(
            DecisionPart(action=action, words=f"{count(numbers[action])} {verbs[action]}") for action in _said(numbers)
        ),
        severe=severe,
        more=more,
        resources=sum(numbers.values()),
    )


def severe_of(
    changes: Iterable[Mapping[str, str]],
    steps: Callable[[str], Mapping[str, str]],
    *,
    ended: bool,
    most: int = _MOST,
) -> tuple[tuple[SevereChange, ...], int]:
    """What a plan destroys, replaces, or forgets, and what has become of it.

    Args:
        changes: see `decision_of`.
        steps: likewise.
        ended: likewise.
        most: how many are named.

    Returns:
        Those that are named, and how many are not.
    """
    severe = sorted(
        (each for each in changes if each["action"] in SEVERE_ACTIONS), key=lambda each: severity_rank(each["action"])
    )
    named = tuple(
        SevereChange(
            address=each["address"] + (f" (deposed object {each['deposed']})" if each.get("deposed") else ""),
            action=each["action"],
            words=_became(each["action"], steps(each["address"]))[ended],
            reason=each.get("reason", ""),
        )
        for each in severe[:most]
    )
    return named, len(severe) - len(named)


def severity_rank(action: str) -> int:
    """The place of an action among those that a person must not miss, from 0; what destroys comes first."""
    return SEVERE_ACTIONS.index(action) if action in SEVERE_ACTIONS else len(SEVERE_ACTIONS)


def _became(action: str, steps: Mapping[str, str]) -> tuple[str, str]:
    """What becomes of a resource: while the run goes on, and after its end."""
    if action == "forget":
        return _FORGOTTEN[steps.get("forget", "")]
    delete = steps.get("delete", "")
    return _DESTROYED[delete] if action == "delete" else _REPLACED.get((delete, steps.get("create", "")), _UNKNOWN)


def numbers_of(counts: Mapping[str, int], changes: Sequence[Mapping[str, str]]) -> Counter[str]:
    """How many resources each action is about.

    Args:
        counts: see `decision_of`.
        changes: likewise.
    """
    if changes:
        numbers = Counter(each["action"] for each in changes if each["action"] in ACTION_VERBS)
        numbers["import"] = max(numbers["import"], counts.get("imported", 0))
        return numbers
    names = {"create": "add", "update": "change", "delete": "destroy", "import": "imported"}
    return Counter({action: counts.get(name, 0) for action, name in names.items()})


def _said(numbers: Mapping[str, int]) -> list[str]:
    """The actions that a decision counts."""
    return [action for action in ACTION_VERBS if action in COUNTED_ACTIONS or numbers.get(action)]


def sum_text(numbers: Mapping[str, int]) -> str:
    """What several plans do together: `3 to add, 0 to change, 1 to destroy, 2 to replace`.

    Args:
        numbers: how many resources each action is about; see `numbers_of`.
    """
    if not any(numbers.values()):
        return NO_CHANGES
    return ", ".join(f"{count(numbers.get(action, 0))} to {ACTION_VERBS[action]}" for action in _said(numbers))


def decision_text(decision: Decision) -> str:
    """`3 to add, 1 to change, 1 to destroy, 1 to replace`."""
    return ", ".join(part.words for part in decision.parts) if decision.resources else NO_CHANGES


def numbers_text(numbers: Mapping[str, int]) -> str:
    """How many resources each action is about, in Terraform's order: `1 to add, 2 to change, 1 to read`."""
    verbs = {**ACTION_VERBS, "read": "read"}
    return ", ".join(f"{count(numbers[action])} to {verb}" for action, verb in verbs.items() if numbers.get(action))


def decision_lines(decision: Decision) -> list[str]:
    """The same for a terminal: the line, and each resource that is destroyed, replaced, or forgotten."""
    named = [
        f"{action_sign(each.action):>3} {each.address} {each.words}{f' ({each.reason})' if each.reason else ''}"
        for each in decision.severe
    ]
    more = [f"    and {count(decision.more)} more"] if decision.more else []
    return [f"{decision.title}: {decision_text(decision)}.", *named, *more]


def answer_words(kind: str, phase: str, command: str, decision: Decision | None) -> str:
    """What the button that answers a question says: `Authenticate and apply 6 changes`.

    Args:
        kind: "code" or "confirm".
        phase: phase that requires the answer.
        command: the command of Terraform's that is asked for; "" for a plan, an apply, or an unlock.
        decision: the decision about the plan.
    """
    if command:
        what = "run it"
    elif phase == "apply" and decision is not None and decision.resources:
        what = f"apply {count(decision.resources)} {'change' if decision.resources == 1 else 'changes'}"
    else:
        what = phase
    return f"Authenticate and {what}" if kind == "code" else f"Confirm & {what}"
