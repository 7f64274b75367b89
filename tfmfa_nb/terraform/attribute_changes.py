"""The attributes that a planned change alters, as a tree of differences.

Terraform's JSON does not say which lists are sets. Elements of both are compared as sequences: those of a set have an
order of their own, so that equal ones meet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.planned_values import UNKNOWN
from tfmfa_nb.terraform.resource_changes import NO_OP
from tfmfa_nb.terraform.sensitive_values import Placeholder
from tfmfa_nb.terraform.text_changes import LineChange, line_changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.terraform.resource_changes import ResourceChange

MAX_NODES = 2_000
"""The most attributes and elements of one resource that are told."""

_MAX_ELEMENTS = 400  # of a list that are compared as a sequence; those of longer ones are compared by their index

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """The difference of one attribute, of one element of it, or of a whole resource.

    Attributes:
        path: where it is in the resource: ("root_block_device", 0, "encrypted"); () for the resource itself.
        kind: "create" (it is set), "delete" (it is unset), "update", or "no-op".
        before: its value as it is; None if it has none.
        after: its value as it is planned, or a placeholder; None if it will have none.
        forces_replacement: whether Terraform replaces the resource because of it.
        children: members of an object or elements of a list, if the values are such.
        unchanged: the number of members and elements that are not among `children` because they do not change.
        omitted: the number of those that are not among `children` because there are too many.
    """

    path: Path
    kind: str
    before: Any = field(repr=False, default=None)
    after: Any = field(repr=False, default=None)
    forces_replacement: bool = False
    children: tuple[AttributeChange, ...] = ()
    unchanged: int = 0
    omitted: int = 0

    @property
    def name(self) -> str | int:
        """The attribute's name, or the element's index."""
        return self.path[-1] if self.path else ""

    @property
    def unknown(self) -> bool:
        """Whether its value is known after the apply only."""
        return isinstance(self.after, Placeholder) and self.after == UNKNOWN

    @property
    def sensitive(self) -> bool:
        """Whether its value is not told, before or after."""
        return any(isinstance(value, Placeholder) and value != UNKNOWN for value in (self.before, self.after))

    @property
    def lines(self) -> tuple[LineChange, ...]:
        """The difference by lines, computed when asked for; empty if the value is no JSON and no long text.

        What is unknown or sensitive is compared with nothing.
        """
        texts = self.before, self.after
        if self.children or any(isinstance(text, Placeholder) or not isinstance(text, str | None) for text in texts):
            return ()
        return line_changes(*texts)


def attribute_changes(change: ResourceChange, *, unchanged: bool = False) -> AttributeChange:
    """The differences of a resource's attributes, by name.

    Args:
        change: the planned change.
        unchanged: whether attributes that do not change are told, too.

    Returns:
        The root of the tree, with at most `MAX_NODES` below it.
    """
    return value_change(change.before, change.after, change.replace_paths, unchanged=unchanged)


def value_change(
    before: Any, after: Any, replace_paths: tuple[Path, ...] = (), *, unchanged: bool = False
) -> AttributeChange:
    """The difference of two values, such as an output's.

    Args:
        before: the value as it is, with placeholders; None if there is none.
        after: the value as it is planned, with placeholders; None if there will be none.
        replace_paths: the paths in it that force a replacement.
        unchanged: whether parts that do not change are told, too.
    """
    try:
        return _Differ(frozenset(replace_paths), unchanged=unchanged).node((), before, after)
    except RecursionError:  # values that are nested deeper than any schema
        return AttributeChange((), "update", before, after, omitted=1)


class _Differ:
    """Walks through two values side by side, and counts what it tells."""

    def __init__(self, replace_paths: frozenset[Path], *, unchanged: bool) -> None:
        self._replace_paths = replace_paths
        self._unchanged = unchanged
        self._left = MAX_NODES

    def node(self, path: Path, before: Any, after: Any) -> AttributeChange:
        kind = _kind(before, after)
        pairs = [] if kind == NO_OP and not self._unchanged else _pairs(before, after)
        told: list[AttributeChange] = []
        same = omitted = 0
        for number, (name, was, will) in enumerate(pairs):
            if self._left <= 0:
                omitted = len(pairs) - number
                break
            if not self._unchanged and _same(was, will):
                same += 1
            else:
                self._left -= 1
                told.append(self.node((*path, name), was, will))
        forces = self._forces(path, leaf=not told)
        return AttributeChange(path, kind, before, after, forces, tuple(told), unchanged=same, omitted=omitted)

    def _forces(self, path: Path, *, leaf: bool) -> bool:
        if path in self._replace_paths:
            return True
        return leaf and bool(path) and any(each[: len(path)] == path for each in self._replace_paths)


def _pairs(before: Any, after: Any) -> list[tuple[str | int, Any, Any]]:
    """What is inside of two values: (name or index, before, after), without what neither of them has."""
    was, will = _members(before), _members(after)
    # What is set or unset as a whole has nothing to say of what it leaves empty.
    blank: Callable[[Any, Any], bool] = _unset if before is None or after is None else _absent
    names = [*was, *(name for name in will if name not in was)]
    members = ((name, was.get(name), will.get(name)) for name in names)
    return [
        *((name, old, new) for name, old, new in members if not blank(old, new)),
        *_elements(_items(before), _items(after)),
    ]


def _kind(before: Any, after: Any) -> str:
    if before is None and after is not None:
        return "create"
    if before is not None and after is None:
        return "delete"
    return NO_OP if _same(before, after) else "update"


def _elements(old: list[Any], new: list[Any]) -> list[tuple[int, Any, Any]]:
    """The elements of two lists, side by side: (index, before, after)."""
    first = next((i for i, (was, will) in enumerate(zip(old, new, strict=False)) if not _same(was, will)), None)
    first = min(len(old), len(new)) if first is None else first
    last = 0
    while last < min(len(old), len(new)) - first and _same(old[-1 - last], new[-1 - last]):
        last += 1
    old_end, new_end = len(old) - last, len(new) - last
    pairs = [(index, old[index], new[index]) for index in range(first)]
    if max(old_end, new_end) - first > _MAX_ELEMENTS:
        middle = zip_longest(old[first:old_end], new[first:new_end])
        pairs += [(first + index, was, will) for index, (was, will) in enumerate(middle)]
    else:
        pairs += _sequence(old[first:old_end], new[first:new_end], first)
    return pairs + [(new_end + index, old[old_end + index], new[new_end + index]) for index in range(last)]


def _sequence(old: list[Any], new: list[Any], first: int) -> list[tuple[int, Any, Any]]:
    pairs: list[tuple[int, Any, Any]] = []
    for step, i1, i2, j1, j2 in SequenceMatcher(
        None, [*map(_key, old)], [*map(_key, new)], autojunk=False
    ).get_opcodes():
        was, will = old[i1:i2], new[j1:j2]
        in_place = i1 == j1 and len(was) == len(will)
        if step != "equal" and not in_place and not any(map(_pairable, was, will)):
            # Other values in the place of some: no element becomes another one.
            pairs += [(first + i1 + index, each, None) for index, each in enumerate(was)]
            was = []
        pairs += [
            (first + (j1 if index < j2 - j1 else i1) + index, each, other)
            for index, (each, other) in enumerate(zip_longest(was, will))
        ]
    return pairs


def _pairable(before: Any, after: Any) -> bool:
    """Whether an element can be the same one with another content: an object, a list, or one that is not known yet."""
    inner = (dict, list)
    return (isinstance(before, inner) and isinstance(after, inner)) or Placeholder in {type(before), type(after)}


def _same(before: Any, after: Any) -> bool:
    """Whether two values are equal; a placeholder is no text, and true is not 1."""
    if type(before) is not type(after) or before != after:
        return False
    if isinstance(before, dict):
        pairs = [(item, after[name]) for name, item in before.items()]
    elif isinstance(before, list):
        pairs = [*zip(before, after, strict=True)]
    else:
        return True
    plain = {str, int, float, bool, type(None)}
    kinds = {(type(was), type(will)) for was, will in pairs}
    return all(was is will for was, will in kinds) and (
        {was for was, _ in kinds} <= plain or all(_same(was, will) for was, will in pairs)
    )


def _key(value: Any) -> Any:
    """A value for a dictionary's key, equal for values that are the same."""
    if isinstance(value, dict):
        return (dict, *((name, _key(item)) for name, item in sorted(value.items())))
    if isinstance(value, list):
        return (list, *map(_key, value))
    return type(value), value


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _absent(before: Any, after: Any) -> bool:
    return before is None and after is None


def _unset(before: Any, after: Any) -> bool:
    return before in (None, [], {}) and after in (None, [], {})
