"""How far the apply of each planned change is, as a row of the plan's tree says it."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.plan_messages import ApplyMark
from tfmfa_nb.protocol.words import APPLY_NAMES, count
from tfmfa_nb.terraform.resource_applies import ApplyState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tfmfa_nb.terraform.resource_applies import ResourceApplies, ResourceApply
    from tfmfa_nb.terraform.resource_changes import ResourceChange


class Mark(StrEnum):
    """How far a change is; the last two are for an apply that has ended."""

    FAILED = "failed"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    INTERRUPTED = "interrupted"
    NOT_STARTED = "not_started"


_RUNNING = {"create": "creating", "update": "updating", "delete": "destroying", "read": "reading"}
_DONE = {
    "create": "created",
    "update": "updated",
    "delete": "destroyed",
    "replace": "replaced",
    "read": "read",
}
# A replacement of which one half is done.
_HALF = {
    ("delete", Mark.WAITING): "destroyed, not yet created",
    ("delete", Mark.INTERRUPTED): "destroyed, not created",
    ("create", Mark.WAITING): "created, the old one not yet destroyed",
    ("create", Mark.INTERRUPTED): "created, the old one not destroyed",
}
_MARKS = {each: Mark(each.value) for each in ApplyState}
_WEIGHTS = {each: weight for weight, each in enumerate(Mark)}
_TOLD = (Mark.FAILED, Mark.RUNNING, Mark.INTERRUPTED, Mark.NOT_STARTED)  # of a group, beside what is done
_OVER = {Mark.RUNNING: Mark.INTERRUPTED, Mark.WAITING: Mark.NOT_STARTED}


class ApplyMarks:
    """The marks of the changes of one plan.

    Args:
        applies: what its apply does to each resource.

    Attributes:
        over: whether the apply has ended.
    """

    def __init__(self, applies: ResourceApplies) -> None:
        self.applies, self.over = applies, False
        self._counted: tuple[object, tuple[tuple[str, int], ...]] = (None, ())

    @property
    def version(self) -> tuple[int, bool]:
        """Another one whenever any mark may be another one."""
        return self.applies.version, self.over

    @property
    def failures(self) -> tuple[object, ...]:
        """Others whenever there are more failures, or more is known of one."""
        return tuple((each.address, len(each.diagnostics)) for each in self.applies.failed), self.applies.problems

    def of(self, change: ResourceChange) -> Mark | None:
        """How far a change is; None if the apply does nothing about it, or has not begun."""
        mark, begun = None, False
        for step in self._steps(change):  # five thousand changes are counted a few times a second
            each = _MARKS[step.state]
            begun = begun or each is Mark.DONE
            mark = each if mark is None or _WEIGHTS[each] < _WEIGHTS[mark] else mark
        if self.over and mark is not None:
            return Mark.INTERRUPTED if begun and mark is Mark.WAITING else _OVER.get(mark, mark)
        return mark

    def failed_in(self, changes: Sequence[ResourceChange]) -> list[ResourceChange]:
        """The changes that failed."""
        addresses = {each.address for each in self.applies.failed}
        found = [change for change in changes if change.address in addresses] if addresses else []
        return [change for change in found if self.of(change) is Mark.FAILED]

    def row(self, change: ResourceChange) -> ApplyMark | None:
        """What a row says of it."""
        mark, steps = self.of(change), self._steps(change)
        if mark is None:
            return None
        running = next((step for step in steps if step.state is ApplyState.RUNNING), None)
        return ApplyMark(
            state=mark.value,
            word=_word(mark, change, steps, running),
            start=running.start if running is not None and mark is Mark.RUNNING else 0.0,
            seconds=sum(step.seconds for step in steps),
        )

    def group(self, changes: Iterable[ResourceChange]) -> ApplyMark | None:
        """What the head of a group says of all its changes: `3 of 8 done, 1 failed`; None before the apply."""
        found = Counter(mark for mark in map(self.of, changes) if mark is not None)
        if not found:
            return None
        told = [f"{count(found[Mark.DONE])} of {count(found.total())} done"]
        told += [f"{count(found[mark])} {APPLY_NAMES[mark]}" for mark in _TOLD if found[mark]]
        state = next(mark for mark in (*_TOLD, Mark.WAITING, Mark.DONE) if found[mark])
        return ApplyMark(state=state.value, word=", ".join(told))

    def failed_steps(self, change: ResourceChange) -> list[ResourceApply]:
        """The steps of a change that failed."""
        return [step for step in self._steps(change) if step.state is ApplyState.FAILED]

    def counts(self, changes: Iterable[ResourceChange]) -> tuple[tuple[str, int], ...]:
        """The marks of the plan's changes, each with the number of changes that have it."""
        if self._counted[0] != self.version:
            found = Counter(map(self.of, changes)) if len(self.applies) else Counter[Mark | None]()
            self._counted = self.version, tuple((each.value, found[each]) for each in Mark if found[each])
        return self._counted[1]

    def _steps(self, change: ResourceChange) -> Sequence[ResourceApply]:
        every = self.applies.of(change.address)
        if change.action == "replace" or not every:
            return every
        steps = [step for step in every if step.action == change.action]
        # A deposed object has the address of its resource, and Terraform does not say which of the two it destroys.
        return steps[-1:] if change.deposed else steps[:1]


def _word(mark: Mark, change: ResourceChange, steps: Sequence[ResourceApply], running: ResourceApply | None) -> str:
    if mark is Mark.RUNNING and running is not None:
        return _RUNNING.get(running.action, "running")
    if mark is Mark.DONE:
        return _DONE.get(change.action, "done")
    done = next((step.action for step in steps if step.state is ApplyState.DONE), "") if running is None else ""
    return _HALF.get((done, mark), APPLY_NAMES[mark])
