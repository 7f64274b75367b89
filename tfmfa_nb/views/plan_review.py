"""A plan as lines of text, as a person reads it: what will happen in one line, and each change with its attributes.

The lines have colors (ANSI SGR), and signs and words that say the same without them. What Terraform, a provider, or a
configuration has named is sanitized, and bounded in length.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import islice
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.ansi import RESET
from tfmfa_nb.protocol.words import NO_CHANGES, action_sign, count
from tfmfa_nb.terraform.attribute_changes import attribute_changes, value_change
from tfmfa_nb.terraform.change_reasons import path_text
from tfmfa_nb.terraform.decimals import json_text, number_text
from tfmfa_nb.terraform.sensitive_values import Placeholder
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tfmfa_nb.protocol.decision import Decision
    from tfmfa_nb.terraform.attribute_changes import AttributeChange
    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.resource_changes import ResourceChange
    from tfmfa_nb.terraform.text_changes import LineChange

MOST = 200
"""The most changes that are told one by one."""

# What cannot be taken back comes first.
_ORDER = ("delete", "replace", "forget", "update", "import", "move", "create", "read")
_COLORS = {
    "create": "32",
    "update": "33",
    "delete": "31",
    "replace": "31",
    "forget": "33",
    "import": "36",
    "move": "36",
}
_BOLD = "1"
_MAX_ADDRESS, _MAX_VALUE, _MAX_REASON = 300, 160, 200
_MAX_ATTRIBUTES = {"update": 60, "replace": 60}  # of one resource
_FEW = 20  # attributes of a resource that is created or destroyed
_MAX_LINES = 40  # of one text
_WIDTH = 28  # characters to which names are padded
_LINE = 80  # characters of a line of names
_AFTER_APPLY = 12  # attributes that are named in the line of those that only the apply will know


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a plan.

    Attributes:
        head: one line.
        details: its further lines, made when they are asked for.
    """

    head: str
    details: Iterable[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Entries of one kind.

    Attributes:
        title: with their number.
        entries: the first of them, or all.
        total: their number.
    """

    title: str
    entries: Sequence[Entry]
    total: int


def sections(plan: Plan, outputs: Mapping[str, Any]) -> list[Section]:
    """Everything in a plan that a person reviews.

    Args:
        plan: the plan.
        outputs: values that its apply reported, by name.
    """
    made = {
        "Failed conditions": failed_conditions(plan),
        "Changes": changes_of(plan),
        "Changed outside of Terraform": drift_of(plan),
        "Deferred to a later plan": deferred_of(plan),
        "Outputs": values_of(outputs) if outputs else outputs_of(plan),
    }
    totals = {"Changes": len(plan.changes), "Changed outside of Terraform": len(plan.drift)}
    found = [(title, entries, totals.get(title, len(entries))) for title, entries in made.items() if entries]
    return [Section(f"{title} ({count(total)})", entries, total) for title, entries, total in found]


def reviewed(decision: Decision) -> list[str]:
    """What the apply of the plan does, in one line, and each resource that it destroys, replaces, or forgets."""
    parts = [
        part.words if part.words.startswith("0 ") else _colored(part.words, part.action) for part in decision.parts
    ]
    lines = [f"{decision.title}: {', '.join(parts) if decision.resources else NO_CHANGES}."]
    for each in decision.severe:
        sign = _colored(f"{action_sign(each.action):>3}", each.action)
        reason = f": {_reason(each.reason)}" if each.reason else ""
        lines.append(f"{sign} {one_line(each.address, _MAX_ADDRESS)} {_sgr(each.words, _BOLD)}{reason}")
    return [*lines, *([f"    … and {count(decision.more)} more"] if decision.more else [])]


def changes_of(plan: Plan) -> list[Entry]:
    """Each change with its attributes, what is destroyed or replaced first."""
    ranks = {action: rank for rank, action in enumerate(_ORDER)}
    ordered = sorted(plan.changes, key=lambda change: ranks.get(change.action, len(ranks)))
    return [Entry(_head(change), _attributes(change)) for change in ordered[:MOST]]


def drift_of(plan: Plan) -> list[Entry]:
    """What was changed outside of Terraform, what this plan is affected by first."""
    relevant = {change.address for change in plan.relevant_drift}
    ordered = sorted(plan.drift, key=lambda change: change.address not in relevant)
    affects = {True: " (affects this plan)", False: ""}
    return [
        Entry(_head(change) + affects[change.address in relevant], _attributes(change)) for change in ordered[:MOST]
    ]


def deferred_of(plan: Plan) -> list[Entry]:
    """What is left to a later plan."""
    return [Entry(f"{_head(change)}: {one_line(change.deferred, _MAX_REASON)}") for change in plan.deferred]


def outputs_of(plan: Plan) -> list[Entry]:
    """The outputs that the plan changes."""
    changed = {name: output for name, output in plan.outputs.items() if output["action"] != "no-op"}
    names = {name: one_line(name, _MAX_ADDRESS) for name in changed}
    width = min(_WIDTH, max(map(len, names.values()), default=0))
    entries = []
    for name, output in changed.items():
        node = value_change(output["before"], output["after"])
        first, *others = (line[4:] for line in _node_lines(node, names[name], width))
        entries.append(Entry(first, others))
    return entries


def values_of(outputs: Mapping[str, Any]) -> list[Entry]:
    """The outputs that an apply reported, with their values."""
    names = {name: one_line(name, _MAX_ADDRESS) for name in outputs}
    width = min(_WIDTH, max(map(len, names.values()), default=0))
    return [Entry(f"    {names[name]:<{width}} = {value_text(value)}") for name, value in outputs.items()]


def failed_conditions(plan: Plan) -> list[Entry]:
    """The conditions that fail, or cannot be evaluated."""
    return [
        Entry(
            _colored(f"  ✗ {one_line(check.address, _MAX_ADDRESS)}", "delete"),
            [f"      {_reason(p)}" for p in check.problems],
        )
        for check in plan.checks
        if check.status in {"fail", "error"}
    ]


def value_text(value: Any, most: int = _MAX_VALUE) -> str:
    """A value in one line, as Terraform shows it, cut to about `most` characters."""
    if isinstance(value, Placeholder):
        return str(value)
    if isinstance(value, str):
        return _cut(json.dumps(value[: most + 1], ensure_ascii=False), len(value) - most, most)
    if isinstance(value, dict | list):
        if value and not _is_small(value):
            opens, closes = "{}" if isinstance(value, dict) else "[]"
            return f"{opens}… {count(len(value))} …{closes}"
        text = json_text(value)
        return _cut(text, len(text) - most, most)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return one_line(number_text(value), most)


def _cut(text: str, more: int, most: int) -> str:
    return f"{one_line(text[:most])} … ({count(more)} more characters)" if more > 0 else one_line(text)


def _is_small(value: Any) -> bool:
    """Whether a container has few values in it, so that it is told whole."""
    waiting, seen = [value], 0
    while waiting and seen <= _FEW:
        each = waiting.pop()
        seen += 1
        waiting += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
    return seen <= _FEW


def _head(change: ResourceChange) -> str:
    action = _colored(f"{action_sign(change.action):>3} {_address(change)} ({change.action})", change.action)
    notes = [f"moved from {one_line(change.moved_from, _MAX_ADDRESS)}"] * bool(change.moved_from)
    if change.imported:
        notes.append(f"imported{f' by {value_text(change.import_id)}' if change.import_id else ''}")
    return ", ".join([f"{action}{_why(change)}", *notes])


def _address(change: ResourceChange) -> str:
    deposed = f" (deposed object {one_line(change.deposed, _MAX_REASON)})" if change.deposed else ""
    return f"{one_line(change.address, _MAX_ADDRESS)}{deposed}"


def _why(change: ResourceChange) -> str:
    return f": {_reason(change.reason)}" if change.reason else ""


def _reason(text: str) -> str:
    return one_line(text, _MAX_REASON)


def _attributes(change: ResourceChange) -> Iterator[str]:
    """The lines of a change's attributes; computed no sooner than somebody reads them."""
    root = attribute_changes(change)
    leaves = list(_leaves(root))
    # What only the apply will know is one line, unless it says more.
    later = [leaf for leaf in leaves if leaf.unknown and not leaf.forces_replacement]
    told = [leaf for leaf in leaves if not (leaf.unknown and not leaf.forces_replacement)]
    most = _MAX_ATTRIBUTES.get(change.action, _FEW)
    width = min(_WIDTH, max((len(path_text(leaf.path)) for leaf in told[:most]), default=0))
    for leaf in told[:most]:
        yield from _node_lines(leaf, _name(leaf), width)
    if later:
        names = ", ".join(map(_name, later[:_AFTER_APPLY]))
        more = f", and {count(len(later) - _AFTER_APPLY)} more" if len(later) > _AFTER_APPLY else ""
        # JupyterLab breaks a line that is too long inside a word.
        head = "        known after apply: "
        yield from wrap(names + more, _LINE, initial_indent=head, subsequent_indent=" " * len(head))
    if (left := len(told) - most + root.omitted) > 0:
        yield f"        … {count(left)} more attributes"


def _leaves(node: AttributeChange, *, forces: bool = False) -> Iterator[AttributeChange]:
    """What a person compares: single values, and what is not known as a whole."""
    for child in node.children:
        forced = forces or child.forces_replacement
        if child.children and not child.unknown and not child.sensitive:
            yield from _leaves(child, forces=forced)
        else:
            yield replace(child, forces_replacement=forced)


def _name(leaf: AttributeChange) -> str:
    return one_line(path_text(leaf.path), _MAX_ADDRESS)


def _node_lines(leaf: AttributeChange, name: str, width: int) -> Iterator[str]:
    """The lines of one value: "~ name = before → after", or its lines' differences."""
    sign = f"      {_colored(action_sign(leaf.kind), leaf.kind)}"
    forces = _colored("  # forces replacement", "delete") if leaf.forces_replacement else ""
    lines = leaf.lines
    if lines:
        yield f"{sign} {name}:{forces}"
        yield from map(_line, islice(lines, _MAX_LINES))
        if len(lines) > _MAX_LINES:
            yield f"            … {count(len(lines) - _MAX_LINES)} more lines of this difference"
        return
    before, after = value_text(leaf.before), value_text(leaf.after)
    if leaf.kind == "create":
        text = after
    elif leaf.kind == "delete":
        text = before
    else:
        text = before if before == after else f"{before} → {after}"
    yield f"{sign} {name:<{width}} = {text}{forces}"


def _line(line: LineChange) -> str:
    if line.kind == "gap":
        return f"            … {count(line.omitted)} lines"
    sign = {"create": "+", "delete": "-"}.get(line.kind, " ")
    color = _COLORS.get(line.kind, "")
    parts: Sequence[str] = [
        _sgr(one_line(part.text, 500), *filter(None, (color, _BOLD * part.changed))) for part in line.parts
    ]
    return f"          {_sgr(sign, color) if color else sign} {''.join(parts)}"


def _colored(text: str, action: str) -> str:
    return _sgr(text, _BOLD, _COLORS[action]) if action in _COLORS else text


def _sgr(text: str, *codes: str) -> str:
    return f"\x1b[{';'.join(codes)}m{text}{RESET}" if codes else text
