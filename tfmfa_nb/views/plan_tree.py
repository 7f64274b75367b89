"""The tree of a plan on the run card: the rows that a front end asks for, however many there are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.plan_messages import MOST_PLAN_ROWS, PlanRows
from tfmfa_nb.views.apply_marks import ApplyMarks
from tfmfa_nb.views.plan_filter import PlanFilter, choices
from tfmfa_nb.views.plan_nodes import PlanNodes
from tfmfa_nb.views.tree_window import find, flatten

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from tfmfa_nb.protocol.plan_messages import PlanRow, PlanRowsRequest, PlanView
    from tfmfa_nb.runs.comparison import Comparison
    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.resource_applies import ResourceApplies
    from tfmfa_nb.terraform.resource_changes import ResourceChange
    from tfmfa_nb.views.tree_window import Node, Placed

_MAX_BYTES = 200_000  # of the rows in one answer; a view shows about forty


class PlanTree:
    """The rows of one plan, for all pages that show its card.

    Args:
        plan: the plan.
        applies: what its apply does to each resource, as it goes on.
        comparison: its changes beside those of the run before; None without one.
    """

    def __init__(self, plan: Plan, applies: ResourceApplies, comparison: Comparison | None = None) -> None:
        self.plan, self.comparison = plan, comparison
        self._marks, self._order = ApplyMarks(applies), 0
        self._new = frozenset(comparison.new) if comparison else None
        every = (*plan.changes, *plan.drift, *plan.deferred)
        self._keys = {id(change): f"c{index}" for index, change in enumerate(every)}
        self._texts: dict[int, str] = {}
        self._made: dict[tuple[str, str, bool], Node] = {}
        # What was last asked for: scrolling asks for the same again, and opening a row keeps the groups.
        self._filtered: tuple[PlanView, object, Sequence[Node], int] | None = None
        self._rows: tuple[PlanView, Sequence[Placed]] | None = None

    def answer(self, request: PlanRowsRequest, *, over: bool = False) -> dict[str, Any]:
        """The rows that a front end asked for, as many of them as fit into one message.

        Args:
            request: what it asked for.
            over: whether the apply has ended.
        """
        self._marks.over = over
        rows, shown = self._flat(request.view)
        found = find(rows, request.typed, request.after) if request.typed else -1
        start = max(0, min(request.start, len(rows)))
        stop = min(request.stop, start + MOST_PLAN_ROWS)
        room = _MAX_BYTES
        kept: list[PlanRow] = []
        for placed in rows[start : max(start, stop)]:
            row = placed.row
            room -= len(json.dumps(encode(row)))
            if room < 0 and kept:
                break  # the front end asks for the rest
            kept.append(row)
        message = PlanRows(
            query=request.query,
            start=start,
            total=len(rows),
            shown=shown,
            changes=len(self.plan.changes),
            rows=tuple(kept),
            order=self._order,
            states=self._marks.counts(self.plan.changes),
            found=found,
            choices=choices(self.plan.changes, self._new) if request.choices else None,
        )
        answer: dict[str, Any] = encode(message)
        return answer

    def changes(self, view: PlanView) -> list[ResourceChange]:
        """The changes of the plan that a view shows."""
        return PlanFilter(view, self._texts, self._marks, self._new).changes(self.plan.changes)

    def _flat(self, view: PlanView) -> tuple[Sequence[Placed], int]:
        nodes, shown = self._nodes(replace(view, toggled=()))
        if self._rows is None or self._rows[0] != view:
            toggled: Collection[str] = frozenset(view.toggled)
            self._rows = view, flatten(nodes, toggled)
        return self._rows[1], shown

    def _nodes(self, view: PlanView) -> tuple[Sequence[Node], int]:
        marks = self._marks
        # What the apply changes in the rows themselves is read when they are sent; here, which rows there are.
        said = marks.version if view.states else marks.failures
        if self._filtered is None or self._filtered[:2] != (view, said):
            chosen = PlanFilter(view, self._texts, marks, self._new)
            nodes = PlanNodes(
                self.plan, chosen, self._keys, marks, self._made, opened=view.opened, comparison=self.comparison
            )
            groups = nodes.by_module() if view.grouping == "module" else nodes.by_action()
            self._filtered, self._rows = (view, said, groups, len(nodes.changes)), None
            self._order += 1
        return self._filtered[2:]
