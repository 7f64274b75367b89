"""What the card shows of a plan: the rows of its tree, its dependencies, and when its apply changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.picture_messages import PlanGraphRequest, TimelineRequest
from tfmfa_nb.protocol.plan_messages import PlanRowsRequest
from tfmfa_nb.terraform.resource_applies import ApplyState
from tfmfa_nb.views.plan_graph import plan_graph
from tfmfa_nb.views.plan_tree import PlanTree
from tfmfa_nb.views.timeline import timeline

if TYPE_CHECKING:
    from tfmfa_nb.runs.run import Run

_MOST_BARS = 200


class CardPlan:
    """Answers what a card asks about the plan of a run.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._tree: PlanTree | None = None

    def answer(self, request: PlanRowsRequest | PlanGraphRequest | TimelineRequest) -> dict[str, Any] | None:
        """The answer; None as long as it is not known: the front end asks again."""
        match request:
            case TimelineRequest():
                line = timeline(self._run, _MOST_BARS)
                return None if line is None else encode(line)
            case PlanRowsRequest():
                tree = self._known_tree()
                return tree.answer(request, over=self._run.ended_at > 0) if tree else None
            case PlanGraphRequest():
                tree = self._known_tree()
                if tree is None:
                    return None
                failed = {each.address for each in self._run.resource_applies if each.state is ApplyState.FAILED}
                answer: dict[str, Any] = encode(
                    plan_graph(request.query, tree.plan, tree.changes(request.view), failed)
                )
                return answer

    def _known_tree(self) -> PlanTree | None:
        plan, comparison = self._run.known_plan, self._run.comparison  # the second is known a moment later
        if plan is None:
            return None
        if self._tree is None or self._tree.plan is not plan or self._tree.comparison is not comparison:
            self._tree = PlanTree(plan, self._run.applies, comparison)
        return self._tree
