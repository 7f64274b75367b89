"""Which changes of a plan a person wants to see: by text, action, type, and module."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tfmfa_nb.protocol.plan_messages import PlanChoices
from tfmfa_nb.protocol.words import ACTION_NAMES
from tfmfa_nb.terraform.change_digests import subject_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from tfmfa_nb.protocol.plan_messages import PlanView
    from tfmfa_nb.terraform.error_diagnostics import ErrorDiagnostic
    from tfmfa_nb.terraform.plan_checks import PlannedCheck
    from tfmfa_nb.terraform.resource_changes import ResourceChange
    from tfmfa_nb.views.apply_marks import ApplyMarks

_MAX_CHOICES = 500


def choices(changes: Sequence[ResourceChange], new: Collection[str] | None = None) -> PlanChoices:
    """The actions, types, and modules of some changes, each with its number of changes.

    Args:
        changes: those of a plan.
        new: what was not planned before; None if that is not known.
    """
    actions = Counter(change.action for change in changes)
    return PlanChoices(
        actions=tuple((action, actions[action]) for action in ACTION_NAMES if action in actions),
        types=_ordered(Counter(change.type for change in changes)),
        modules=_ordered(Counter(change.module for change in changes)),
        new=None if new is None else len(new),
    )


def _ordered(numbers: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(numbers.items())[:_MAX_CHOICES])


class PlanFilter:
    """Filters what a plan says.

    Args:
        view: what the person chose.
        texts: by the identity of a change, the text that it is searched in; filled here, because that takes time.
        marks: how far the apply of the changes is.
        new: what was not planned before; None if that is not known, which makes every change new.
    """

    def __init__(
        self, view: PlanView, texts: dict[int, str], marks: ApplyMarks, new: Collection[str] | None = None
    ) -> None:
        self._view, self._texts, self._marks = view, texts, marks
        self._new = new if view.new else None
        self._wanted = view.text.casefold()

    def changes(self, changes: Iterable[ResourceChange]) -> list[ResourceChange]:
        """Those that are shown."""
        view = self._view
        return [
            change
            for change in changes
            if (not view.actions or change.action in view.actions)
            and (not view.resource_type or change.type == view.resource_type)
            and (view.module is None or change.module == view.module)
            and (not view.states or self._marks.of(change) in view.states)
            and (self._new is None or subject_of(change) in self._new)
            and (not self._wanted or self._wanted in self._text(change))
        ]

    def outputs(self, outputs: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Those that are shown: they have no type, and no action on a resource."""
        if not self._says_more:
            return {name: each for name, each in outputs.items() if self._has_text([name, each])}
        return {}

    def checks(self, checks: Iterable[PlannedCheck]) -> list[PlannedCheck]:
        """Those that are shown."""
        return [] if self._says_more else [each for each in checks if self._has_text([each.address, *each.problems])]

    def errors(self, errors: Iterable[ErrorDiagnostic]) -> list[ErrorDiagnostic]:
        """Those that are shown, of errors that belong to no change."""
        return [] if self._says_more else [each for each in errors if self._has_text([each.summary, each.detail])]

    @property
    def _says_more(self) -> bool:
        view = self._view
        return bool(view.actions or view.resource_type or view.new or view.module is not None or view.states)

    def _has_text(self, values: Any) -> bool:
        return not self._wanted or self._wanted in " ".join(_texts(values)).casefold()

    def _text(self, change: ResourceChange) -> str:
        text = self._texts.get(id(change))
        if text is None:
            said = [change.address, change.reason, change.moved_from, change.import_id, change.before, change.after]
            text = self._texts[id(change)] = "\n".join(_texts(said)).casefold()
        return text


def _texts(value: Any) -> Iterator[str]:
    """The names and the values in a value."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
