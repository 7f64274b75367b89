"""A plan beside those of earlier runs: which changes are new, since when the others are planned, and what is gone."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal

from tfmfa_nb.protocol.words import action_name, action_sign, count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MOST = 30  # runs that are searched for when a change was first planned

Kind = Literal["new", "different", "again", "same"]


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What is known of a change in an earlier plan: its action, and its digest."""

    action: str
    digest: str


@dataclass(frozen=True, slots=True)
class EarlierPlan:
    """The plan of a run.

    Attributes:
        run: ID of the run.
        planned_at: when the run was started, in seconds since the epoch.
        applied: whether the whole plan was applied.
        changes: by what they are about.
    """

    run: str
    planned_at: float
    applied: bool
    changes: Mapping[str, PlannedChange]


@dataclass(frozen=True, slots=True)
class ComparedChange:
    """How a change stands to the earlier plans.

    Attributes:
        kind: "new"; "different" from what was planned for this resource; planned "again" after the same was applied;
            or the "same".
        since: when the oldest of the plans that have it in a row was made, or the applied one; 0 if there is none.
        runs: how many plans in a row have it, this one included.
    """

    kind: Kind
    since: float = 0.0
    runs: int = 1

    @property
    def words(self) -> str:
        """`planned since 2026-11-20 10:15 UTC, in 3 runs`."""
        match self.kind:
            case "new":
                return "new in this plan"
            case "different":
                return "planned differently before"
            case "again":
                return f"applied in the run of {moment(self.since)}, and planned again"
        return f"planned since {moment(self.since)}, in {count(self.runs)} runs"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes of a plan beside those of the plan of an earlier run.

    Attributes:
        run: ID of the earlier run.
        planned_at: when that run was started, in seconds since the epoch.
        applied: whether that plan was applied.
        changes: by what they are about: an address, or a deposed object of it.
        gone: what the earlier plan alone has, with its action there.
    """

    run: str
    planned_at: float
    applied: bool
    changes: Mapping[str, ComparedChange]
    gone: Mapping[str, str]

    @property
    def new(self) -> tuple[str, ...]:
        """What was not planned like this before: what a person who knows the earlier plan has to read."""
        return tuple(subject for subject, change in self.changes.items() if change.kind != "same")

    @property
    def sentence(self) -> str:
        """In one line: `2 of 6 changes are new since the plan of 2026-11-20 10:15 UTC (run-…), and 1 is gone`."""
        numbers = Counter(change.kind for change in self.changes.values())
        parts = [_new_of(numbers["new"], len(self.changes))]
        parts += [f"{count(number)} {_be(number)} planned differently" for number in [numbers["different"]] if number]
        parts += [f"{count(number)} {_be(number)} planned again" for number in [numbers["again"]] if number]
        if self.gone and not self.applied:
            parts.append(f"{count(len(self.gone))} {_be(len(self.gone))} gone")
        first, *more = parts
        what = "plan that was applied in the run" if self.applied else "plan"
        since = f"since the {what} of {moment(self.planned_at)} ({self.run})"
        return f"{first} {since}{''.join(f', {part}' for part in more[:-1])}{f', and {more[-1]}' if more else ''}."

    def lines(self) -> list[str]:
        """The sentence, and each change: what is new first, and what is gone last."""
        order = ("new", "different", "again", "same")
        ordered = sorted(self.changes.items(), key=lambda item: order.index(item[1].kind))
        went = "applied" if self.applied else "gone"
        return [
            self.sentence,
            *(f"  {subject}: {change.words}" for subject, change in ordered),
            *(f"  {subject}: {went} ({action_sign(act)} {action_name(act)})" for subject, act in self.gone.items()),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def compare(changes: Mapping[str, PlannedChange], plans: Iterable[EarlierPlan], run: str = "") -> Comparison | None:
    """Compare the changes of a plan with those of an earlier one.

    Args:
        changes: those of the plan.
        plans: the earlier plans, newest first; no more of them are read than are needed.
        run: ID of the run to compare with; "" for the newest one.

    Returns:
        None if there is no such plan.
    """
    plans, between = iter(plans), list[EarlierPlan]()
    for plan in plans:
        between.append(plan)
        if run in {"", plan.run}:
            break
    else:
        return None
    latest = between[-1]
    compared = {subject: _compared(subject, change, between) for subject, change in changes.items()}
    still = {subject for subject, change in compared.items() if change.kind == "same"}
    for plan in islice(plans, _MOST):
        # What was applied was planned anew after that.
        still = {subject for subject in still if not plan.applied and plan.changes.get(subject) == changes[subject]}
        if not still:
            break
        for subject in still:
            runs = compared[subject].runs + 1
            compared[subject] = replace(compared[subject], since=plan.planned_at, runs=runs)
    gone = {subject: change.action for subject, change in latest.changes.items() if subject not in changes}
    return Comparison(latest.run, latest.planned_at, latest.applied, compared, gone)


def _compared(subject: str, change: PlannedChange, plans: Sequence[EarlierPlan]) -> ComparedChange:
    """How a change stands to the last of `plans`, which may have been applied since, in any of them."""
    before = plans[-1].changes.get(subject)
    if before != change:
        is_new = before is None or plans[-1].applied  # what was applied is no plan any more
        return ComparedChange("new" if is_new else "different")
    same = [plan for plan in plans if plan.changes.get(subject) == change]
    applied = next((plan for plan in same if plan.applied), None)
    if applied is not None:
        return ComparedChange("again", applied.planned_at)
    return ComparedChange("same", plans[-1].planned_at, len(same) + 1)


def moment(seconds: float) -> str:
    """`2026-11-20 10:15 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def _new_of(new: int, total: int) -> str:
    if not total:
        return "Nothing is planned any more"
    if not new:
        return "No change is new"
    if new == total:
        return "The change is new" if total == 1 else f"All {count(total)} changes are new"
    return f"{count(new)} of {count(total)} changes {_be(new)} new"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"
