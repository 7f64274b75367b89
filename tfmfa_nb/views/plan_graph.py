"""How the changes of a plan depend on one another, bounded so that a picture of it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.protocol.picture_messages import GraphNode, PlanGraph
from tfmfa_nb.protocol.words import action_name, action_sign, count
from tfmfa_nb.terraform.dependencies import between, resource_of
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.resource_changes import ResourceChange

MOST_NODES = 500
"""The most resources in one picture."""
_RISKY = frozenset({"delete", "replace"})


def plan_graph(query: int, plan: Plan, changes: Sequence[ResourceChange], failed: Collection[str] = ()) -> PlanGraph:
    """The dependencies among some changes.

    Args:
        query: number of the request.
        plan: the plan.
        changes: those of its changes that a person wants to see.
        failed: addresses whose apply has failed.
    """
    groups: dict[tuple[str, str], list[ResourceChange]] = {}
    for change in changes:
        groups.setdefault((resource_of(change.address), change.action), []).append(change)
    edges = between(plan.dependencies, (resource for resource, _ in groups))
    note = ""
    if len(groups) > MOST_NODES:
        risky = {
            resource
            for (resource, action), members in groups.items()
            if action in _RISKY or any(each.address in failed for each in members)
        }
        near = risky | _dependents(risky, edges)
        kept = {key: members for key, members in groups.items() if key[0] in near}
        note = _note(len(groups), len(kept))
        groups = kept if len(kept) <= MOST_NODES else {}
    nodes = tuple(_node(resource, members) for (resource, _), members in groups.items())
    places: dict[str, list[int]] = {}
    for place, (resource, _) in enumerate(groups):
        places.setdefault(resource, []).append(place)
    pairs = [
        (one, other)
        for resource, ones in edges.items()
        for dependency in ones
        for one in places.get(dependency, ())
        for other in places.get(resource, ())
    ]
    return PlanGraph(query=query, nodes=nodes, edges=tuple(pairs), note=note)


def _node(resource: str, members: Sequence[ResourceChange]) -> GraphNode:
    first = members[0]
    sign = "+/-" if first.action == "replace" and first.create_before_destroy else action_sign(first.action)
    address = first.address if len(members) == 1 else resource
    return GraphNode(
        address=one_line(address),
        number=len(members),
        action=first.action,
        sign=sign,
        word=action_name(first.action),
    )


def _dependents(resources: Iterable[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    """What depends on some resources, however far away."""
    following: dict[str, list[str]] = {}
    for resource, dependencies in edges.items():
        for dependency in dependencies:
            following.setdefault(dependency, []).append(resource)
    seen: set[str] = set()
    waiting = [*resources]
    while waiting:
        for each in following.get(waiting.pop(), ()):
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return seen


def _note(total: int, kept: int) -> str:
    many = f"{count(total)} resources are too many for a picture."
    if not kept or kept > MOST_NODES:
        return f"{many} Filter the changes to see the dependencies of some."
    what = "what is destroyed or replaced, or has failed, and what depends on it"
    return f"{many} It shows {what}: {count(kept)}. Filter the changes to see others."
