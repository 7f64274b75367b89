"""The rows of a tree of which a front end shows a window: what is closed is not computed, and takes no place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tfmfa_nb.protocol.plan_messages import PlanPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tfmfa_nb.protocol.plan_messages import PlanRow


@dataclass(frozen=True, slots=True)
class Node:
    """A row and what is below it.

    Attributes:
        key: names the row as long as the tree is the same.
        row: the row in its place.
        name: what a person types to get there.
        children: computes what is below it when it is open, the same each time; None if nothing is.
        opened: whether it is open at first.
    """

    key: str
    row: Callable[[PlanPlace], PlanRow]
    name: str = ""
    children: Callable[[], Sequence[Node]] | None = None
    opened: bool = False


class Placed(NamedTuple):
    """A node in its place; light, because each row has one.

    Attributes:
        node: the node.
        level: its level, from 1.
        position: its position among the rows of one level below one row, from 1.
        size: the number of these rows.
        parent: the index of the row above it in the tree; -1 if there is none.
        is_open: None if nothing is below it.
    """

    node: Node
    level: int
    position: int
    size: int
    parent: int
    is_open: bool | None

    @property
    def row(self) -> PlanRow:
        """The row to be shown."""
        place = PlanPlace(
            key=self.node.key,
            level=self.level,
            position=self.position,
            size=self.size,
            parent=self.parent,
            open=self.is_open,
        )
        return self.node.row(place)


def flatten(nodes: Sequence[Node], toggled: Collection[str]) -> list[Placed]:
    """The rows from top to bottom.

    Args:
        nodes: the nodes of the highest level.
        toggled: keys of the nodes that are open if they are closed at first, and the other way round.
    """
    rows: list[Placed] = []
    _add(rows, nodes, toggled, -1)
    return rows


def _add(rows: list[Placed], nodes: Sequence[Node], toggled: Collection[str], parent: int) -> None:
    size = len(nodes)
    level = rows[parent].level + 1 if parent >= 0 else 1
    for position, node in enumerate(nodes, 1):
        children = node.children
        is_open = None if children is None else node.opened != (node.key in toggled)
        rows.append(Placed(node, level, position, size, parent, is_open))
        if is_open and children is not None:
            _add(rows, children(), toggled, len(rows) - 1)


def find(rows: Sequence[Placed], typed: str, after: int) -> int:
    """The index of the next row whose name begins with `typed`, from the row behind `after` on and around; -1 if none.

    A longer beginning looks at row `after` itself first, so that whoever goes on typing stays where it still fits.
    """
    begin = typed.casefold()
    first = after if len(begin) > 1 else after + 1
    order = [*range(max(0, first), len(rows)), *range(min(max(0, first), len(rows)))]
    return next((index for index in order if begin and rows[index].node.name.casefold().startswith(begin)), -1)
