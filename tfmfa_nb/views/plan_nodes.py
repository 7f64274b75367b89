"""What a plan says as a tree: groups of changes, what was changed outside of Terraform, outputs, and checks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache, lru_cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.decision import numbers_text
from tfmfa_nb.protocol.plan_messages import ChangeRow, GroupRow, NoteRow
from tfmfa_nb.protocol.words import action_name, action_sign, count
from tfmfa_nb.terraform.change_digests import subject_of
from tfmfa_nb.views.attribute_nodes import attribute_nodes, output_node
from tfmfa_nb.views.diagnostic_nodes import diagnostic_nodes
from tfmfa_nb.views.sanitize import brief, one_line
from tfmfa_nb.views.tree_window import Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from tfmfa_nb.protocol.plan_messages import ApplyMark, PlanPlace
    from tfmfa_nb.runs.comparison import Comparison
    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.plan_checks import PlannedCheck
    from tfmfa_nb.terraform.resource_changes import ResourceChange
    from tfmfa_nb.views.apply_marks import ApplyMarks
    from tfmfa_nb.views.plan_filter import PlanFilter

    Subject = Literal["resource", "drift", "deferred"]

ROOT = "root module"
MOST_OPENED = 200  # changes that can be open without being opened one by one
# What asks for attention comes first, here and below.
BY_WEIGHT = ("delete", "replace", "update", "create", "forget", "move", "import", "read")
_OUTSIDE = {"delete": "deleted", "create": "created"}  # "changed" otherwise
_CHECKS = {"fail": "fails", "error": "cannot be evaluated", "unknown": "known after apply"}
_CHECK_SIGNS = {"fail": "!", "error": "!", "unknown": "?"}


class PlanNodes:
    """The tree of a plan.

    Args:
        plan: the plan.
        chosen: which of its changes are shown.
        keys: by the identity of a change, what names its row.
        marks: how far the apply of the changes is.
        made: the rows of changes that were made before, and those that are made here: there may be thousands.
        opened: whether changes are open at first; more than `MOST_OPENED` are not.
        comparison: the changes beside those of the run before; None without one.

    Attributes:
        changes: the changes that are shown.
    """

    def __init__(
        self,
        plan: Plan,
        chosen: PlanFilter,
        keys: dict[int, str],
        marks: ApplyMarks,
        made: dict[tuple[str, str, bool], Node],
        *,
        opened: bool,
        comparison: Comparison | None = None,
    ) -> None:
        self._plan, self._chosen, self._keys, self._marks, self._made = plan, chosen, keys, marks, made
        self._comparison = comparison
        self.changes = chosen.changes(plan.changes)
        self._failed = marks.failed_in(self.changes)
        failed = set(map(id, self._failed))
        self._others = [change for change in self.changes if id(change) not in failed]
        self._opened = opened and len(self.changes) <= MOST_OPENED

    def by_module(self) -> list[Node]:
        """Groups by module, the root module first; without a group if there are changes of the root module only."""
        modules: dict[str, list[ResourceChange]] = {}
        for change in self._others:
            modules.setdefault(change.module, []).append(change)
        if not any(change.module for change in self._plan.changes):
            return [*self._failures(), *self._resources(self._others), *self._rest()]
        groups = [
            self._group(f"m:{module}", module or ROOT, changes, _about(changes))
            for module, changes in sorted(modules.items())
        ]
        return [*self._failures(), *groups, *self._rest()]

    def by_action(self) -> list[Node]:
        """Groups by action, from the one that destroys to the one that only reads."""
        actions: dict[str, list[ResourceChange]] = {}
        for change in self._others:
            actions.setdefault(change.action, []).append(change)
        known = [action for action in BY_WEIGHT if action in actions]
        groups = [
            self._group(
                f"a:{action}", action_name(action).capitalize(), actions[action], _number(actions[action]), action
            )
            for action in [*known, *(action for action in actions if action not in known)]
        ]
        return [*self._failures(), *groups, *self._rest()]

    def _failures(self) -> list[Node]:
        """What failed in the apply, with Terraform's errors: that is what a person looks for."""
        errors = diagnostic_nodes("failed", self._chosen.errors(self._marks.applies.problems))
        nodes = [*errors, *map(self._failure, self._failed)]
        if not nodes:
            return []
        head = partial(_head, "Failed", count(len(nodes)), "failed")
        return [Node("failed", head, "Failed", partial(list, nodes), opened=True)]

    def _failure(self, change: ResourceChange) -> Node:
        key = f"{self._keys[id(change)]}.failed"  # others of its rows are open than before
        row = partial(self._row, change, "resource", change.address)
        errors = [error for step in self._marks.failed_steps(change) for error in step.diagnostics]
        nodes = diagnostic_nodes(key, errors)
        if change.before is not None or change.after is not None:
            attributes = cache(partial(attribute_nodes, f"{key}.a", change))
            nodes.append(Node(f"{key}.a", partial(_problem, "What was planned"), children=attributes))
        return Node(key, row, change.address, partial(list, nodes) if nodes else None, opened=True)

    def _group(self, key: str, title: str, changes: Sequence[ResourceChange], about: str, action: str = "") -> Node:
        first, is_module = changes[0], key.startswith("m:")
        below = first.module if is_module else ""

        @lru_cache(maxsize=1)  # scrolling asks for the head again, and nothing has gone on
        def mark(_version: object) -> ApplyMark | None:
            # With those that failed, which stand above.
            kind_of = attrgetter("module" if is_module else "action")
            return self._marks.group(each for each in self.changes if kind_of(each) == kind_of(first))

        def head(place: PlanPlace) -> GroupRow:
            return replace(_head(title, about, action, place), mark=mark(self._marks.version))

        # Opening a row computes the others anew, except for what is kept.
        inner = cache(partial(self._resources, changes, below))
        return Node(key, head, title, inner, opened=True)

    def _resources(self, changes: Sequence[ResourceChange], below: str = "") -> list[Node]:
        return [self._change(change, "resource", below) for change in changes]

    def _rest(self) -> list[Node]:
        """What is not a change that the apply makes to a resource."""
        plan, chosen = self._plan, self._chosen
        deferred = [self._change(change, "deferred") for change in chosen.changes(plan.deferred)]
        drift = [self._change(change, "drift") for change in chosen.changes(plan.drift)]
        outputs = chosen.outputs({name: each for name, each in plan.outputs.items() if each["action"] != "no-op"})
        checks = chosen.checks(each for each in plan.checks if each.status in _CHECKS)
        rest = (
            ("checks", "Checks", [_check(f"k{index}", each) for index, each in enumerate(checks)]),
            ("outputs", "Outputs", [output_node(f"o:{name}", name, each) for name, each in outputs.items()]),
            ("deferred", "Deferred to a later plan", deferred),
            ("drift", "Changed outside of Terraform", drift),
        )
        return [
            Node(
                key,
                partial(_head, title, count(len(nodes)), ""),
                title,
                partial(list, nodes),
                opened=True,
            )
            for key, title, nodes in rest
            if nodes
        ]

    def _change(self, change: ResourceChange, subject: Subject, below: str = "") -> Node:
        label = change.address.removeprefix(f"{below}.") if below else change.address
        key, opened = self._keys[id(change)], self._opened and subject == "resource"
        if (made := self._made.get((key, label, opened))) is not None:
            return made
        row = partial(self._row, change, subject, label)
        has_values = change.before is not None or change.after is not None
        children = cache(partial(attribute_nodes, key, change)) if has_values else None
        node = self._made[key, label, opened] = Node(key, row, label, children, opened=opened)
        return node

    def _row(self, change: ResourceChange, subject: Subject, label: str, place: PlanPlace) -> ChangeRow:
        is_drift = subject == "drift"
        sign = "+/-" if change.action == "replace" and change.create_before_destroy else action_sign(change.action)
        return ChangeRow(
            place=place,
            subject=subject,
            action=change.action,
            sign=sign,
            word=_OUTSIDE.get(change.action, "changed") if is_drift else action_name(change.action),
            address=one_line(change.address),
            label=one_line(label),
            reason=one_line(_reason(change)),
            notes=tuple(map(one_line, self._notes(change, subject))),
            mark=self._marks.row(change) if subject == "resource" else None,
        )

    def _notes(self, change: ResourceChange, subject: str) -> Iterable[str]:
        if change.moved_from:
            yield f"moved from {change.moved_from}"
        if change.imported:
            yield f"imported as {change.import_id}" if change.import_id else "imported"
        if change.deposed:
            yield f"deposed object {change.deposed}"
        if change.deferred:
            yield change.deferred
        if change.action == "replace" and change.create_before_destroy:
            yield "created before the old one is destroyed"
        if subject == "resource" and self._comparison and subject_of(change) in self._comparison.changes:
            yield self._comparison.changes[subject_of(change)].words
        if subject == "drift" and any(change is each for each in self._plan.relevant_drift):
            yield "this plan depends on it"


def _head(title: str, about: str, action: str, place: PlanPlace) -> GroupRow:
    return GroupRow(place=place, title=one_line(title), about=about, action=action)


def _reason(change: ResourceChange) -> str:
    """The reason as a part of a sentence: "because ami forces replacement"."""
    return (
        f"because {change.reason}" if change.reason.endswith("replacement") and change.replace_paths else change.reason
    )


def _check(key: str, check: PlannedCheck) -> Node:
    problems = [Node(f"{key}.{index}", partial(_problem, problem)) for index, problem in enumerate(check.problems)]
    row = partial(_check_row, check)
    return Node(key, row, check.address, partial(list, problems) if problems else None, opened=True)


def _check_row(check: PlannedCheck, place: PlanPlace) -> ChangeRow:
    return ChangeRow(
        place=place,
        subject="check",
        action=f"check-{check.status}",
        sign=_CHECK_SIGNS[check.status],
        word=_CHECKS[check.status],
        address=one_line(check.address),
        label=one_line(check.address),
        reason="",
        notes=(),
    )


def _problem(text: str, place: PlanPlace) -> NoteRow:
    return NoteRow(place=place, text=brief(text))


def _about(changes: Sequence[ResourceChange]) -> str:
    return numbers_text(Counter(change.action for change in changes))


def _number(changes: Sequence[ResourceChange]) -> str:
    return f"{count(len(changes))} {'resource' if len(changes) == 1 else 'resources'}"
