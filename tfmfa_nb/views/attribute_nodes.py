"""The rows below a change: its attributes that differ, and the lines of those that are texts of several lines."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Protocol

from tfmfa_nb.protocol.plan_messages import AttributeRow, LineRow, NoteRow, PlanPlace, PlanValue
from tfmfa_nb.protocol.words import count
from tfmfa_nb.terraform.attribute_changes import attribute_changes, value_change
from tfmfa_nb.terraform.planned_values import UNKNOWN
from tfmfa_nb.terraform.sensitive_values import Placeholder
from tfmfa_nb.terraform.text_changes import REST
from tfmfa_nb.views.sanitize import brief, one_line, sanitize
from tfmfa_nb.views.tree_window import Node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.terraform.attribute_changes import AttributeChange
    from tfmfa_nb.terraform.resource_changes import ResourceChange
    from tfmfa_nb.terraform.text_changes import LineChange


class Differences(Protocol):
    """Computes the differences of two values, with or without what does not change."""

    def __call__(self, *, unchanged: bool = False) -> AttributeChange: ...  # noqa: D102


SIGNS = {"create": "+", "delete": "-", "update": "~"}
_MANY = 60  # rows; more of them are closed at first
_MAX_VALUE = 400  # characters of a value on one row


def attribute_nodes(key: str, change: ResourceChange) -> list[Node]:
    """The attributes of a change that differ, and how many do not.

    Args:
        key: of the change's own row.
        change: the change.
    """
    differences = partial(attribute_changes, change)
    return _inner(key, differences(), differences)


def output_node(key: str, name: str, output: Mapping[str, Any]) -> Node:
    """The row of an output, with what is below it.

    Args:
        key: of the row.
        name: of the output.
        output: its action, and its values before and after.
    """
    differences = partial(value_change, {name: output["before"]}, {name: output["after"]})
    # An output that keeps its value is told here, too: it has become sensitive, or is so no longer.
    return _attribute(key, differences(unchanged=True).children[0], differences)


def _inner(key: str, parent: AttributeChange, differences: Differences) -> list[Node]:
    nodes = [_attribute(f"{key}.{index}", child, differences) for index, child in enumerate(parent.children)]
    if parent.unchanged:
        what = _counted(parent.unchanged, "unchanged", parent)
        same = cache(partial(_unchanged, f"{key}.u", parent.path, differences))
        nodes.append(Node(f"{key}.u", partial(_note, what), children=same))
    if parent.omitted:
        what = f"{_counted(parent.omitted, 'more', parent)} not shown"
        nodes.append(Node(f"{key}.o", partial(_note, what)))
    return nodes


def _unchanged(key: str, path: Sequence[str | int], differences: Differences) -> list[Node]:
    """What does not change at `path`: the difference is computed anew, because it is seldom asked for."""
    node = differences(unchanged=True)
    for end in range(1, len(path) + 1):
        node = next((child for child in node.children if child.path == tuple(path[:end])), node)
    same = [child for child in node.children if child.kind == "no-op"]
    return [_attribute(f"{key}.{index}", child, differences) for index, child in enumerate(same)]


def _attribute(key: str, node: AttributeChange, differences: Differences) -> Node:
    name = f"[{node.name}]" if isinstance(node.name, int) else one_line(node.name, _MAX_VALUE)
    row = partial(
        AttributeRow,
        sign=SIGNS.get(node.kind, " "),
        name=name,
        forces=node.forces_replacement,
    )
    if node.children:
        made: Any = partial(_in_place, row, about=_size(node))
        inner = cache(partial(_inner, key, node, differences))
        return Node(key, made, name, inner, opened=len(node.children) <= _MANY)
    lines = () if node.kind == "no-op" and _is_short(node.after) else node.lines
    if len(lines) > 1 or (lines and len(lines[0].text) > _MAX_VALUE):
        made = partial(_in_place, row, about=_extent(lines))
        return Node(key, made, name, cache(partial(_lines, key, lines)), opened=len(lines) <= _MANY)
    before = None if node.kind in {"create", "no-op"} else _value(node.before)
    after = None if node.kind == "delete" else _value(node.after)
    return Node(key, partial(_in_place, row, about="", before=before, after=after), name)


def _in_place(
    row: Any,
    place: PlanPlace,
    *,
    about: str,
    before: PlanValue | None = None,
    after: PlanValue | None = None,
) -> AttributeRow:
    made: AttributeRow = row(place=place, about=about, before=before, after=after)
    return made


def _lines(key: str, lines: Sequence[LineChange]) -> list[Node]:
    return [Node(f"{key}.{index}", partial(_line, each)) for index, each in enumerate(lines)]


def _line(line: LineChange, place: PlanPlace) -> LineRow | NoteRow:
    if not line.parts:
        number, lines = count(line.omitted), "line" if line.omitted == 1 else "lines"
        text = f"{number} {lines} not compared" if line.kind == REST else f"{number} unchanged {lines}"
        return NoteRow(place=place, text=text)
    pieces = tuple((brief(part.text), part.changed) for part in line.parts)
    return LineRow(place=place, sign=SIGNS.get(line.kind, " "), pieces=pieces)


def _note(text: str, place: PlanPlace) -> NoteRow:
    return NoteRow(place=place, text=text)


def _value(value: Any) -> PlanValue:
    if isinstance(value, Placeholder):
        unknown = value == UNKNOWN
        return PlanValue(kind="unknown" if unknown else "sensitive", text=UNKNOWN if unknown else "(sensitive value)")
    if value is None:
        return PlanValue(kind="null", text="null")
    return PlanValue(kind="known", text=brief(_text(value), _MAX_VALUE))


def _text(value: Any) -> str:
    """A value as HCL writes it, with all digits of a number."""
    if isinstance(value, str):
        return json.dumps(sanitize(value), ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list) and value:
        return "{…}" if isinstance(value, dict) else "[…]"  # deeper than any schema
    return "{}" if isinstance(value, dict) else str(value)


def _is_short(value: Any) -> bool:
    return not isinstance(value, str) or ("\n" not in value and len(value) <= _MAX_VALUE)


def _size(node: AttributeChange) -> str:
    """For example "3 members", "1 of 4 elements"."""
    told, every = len(node.children), len(node.children) + node.unchanged + node.omitted
    text = _counted(every, "", node)
    return text if told == every else f"{count(told)} of {text}"


def _extent(lines: Sequence[LineChange]) -> str:
    """How many lines are added and removed."""
    added, removed = (sum(line.kind == kind for line in lines) for kind in ("create", "delete"))
    words = [f"{count(number)} {word}" for number, word in ((added, "added"), (removed, "removed")) if number]
    total = max(added, removed)
    return f"{' and '.join(words)} line{'' if total == 1 else 's'}" if words else ""


def _counted(number: int, which: str, parent: AttributeChange) -> str:
    """For example "12 unchanged attributes", "1 more element"."""
    values = parent.after if parent.after is not None else parent.before
    noun = "element" if isinstance(values, list) else "member" if parent.path else "attribute"
    return " ".join(filter(None, [count(number), which, noun if number == 1 else f"{noun}s"]))
