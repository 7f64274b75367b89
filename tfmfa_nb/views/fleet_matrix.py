"""A fleet as a table: one row for each environment, and one line that says what all of them do."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.decision import severity_rank, sum_text
from tfmfa_nb.protocol.words import action_sign, count, duration
from tfmfa_nb.views.fleet_rows import fleet_rows
from tfmfa_nb.views.sanitize import brief

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.protocol.messages import FleetPhase, FleetRow

_HEADS = ("Environment", "Plan", "Changes", "Apply", "MFA by", "Run")
_MAX_NAME, _MAX_TEXT, _MAX_ERRORS, _MAX_SEVERE = 60, 300, 20, 20
_ARN = re.compile(r"\barn:[\w:/.+=,@-]+")
_CELL = "text-align: left; white-space: nowrap"


def fleet_bundle(fleet: Fleet) -> Mapping[str, str]:
    """The mime bundle of `fleet` as it is now: text/plain and text/html, in which all external text is escaped."""
    return {"text/plain": fleet_text(fleet), "text/html": _html(fleet)}


def fleet_text(fleet: Fleet) -> str:
    """`fleet` as lines of plain text, with aligned columns."""
    every = fleet_rows(fleet)
    rows = [_HEADS, *_all_cells(fleet, every)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(
        [decision_line(fleet, every), *_severe(fleet, every), *(f"  {line}" for line in lines), *_errors(fleet)]
    )


def decision_line(fleet: Fleet, rows: Iterable[FleetRow]) -> str:
    """What the fleet does: `4 of 50 environments change: 3 to add, 0 to change, 1 to destroy.`, and where it destroys.

    Of an apply, it is about the environments that were selected: `Apply (45 of 50 environments): … 12 applied.`.

    Args:
        fleet: the fleet.
        rows: its rows, as it is now.
    """
    total, applying = len(fleet.names), fleet.phase == Phase.APPLY
    names = frozenset(fleet.taking_part if applying else fleet.names)
    known = {name: row for name, row in zip(fleet.names, rows, strict=True) if name in names and row.changes}
    changing = [name for name, row in known.items() if row.changed]
    if applying:
        parts = [f"Apply ({len(names):,} of {environments_text(total)})"]
    else:
        verb = "changes" if total == 1 or len(changing) == 1 else "change"
        parts = [f"{len(changing):,} of {environments_text(total)} {verb}"]
    if changing:
        parts[0] += f": {sum_text(sum((Counter(row.numbers) for row in known.values()), Counter()))}"
        parts += _destroying(known)
    statuses = Counter(fleet[name].status for name in names if name in fleet)
    if any(fleet[name].phase == Phase.APPLY for name in names if name in fleet):
        parts.append(f"{statuses[Status.APPLIED]:,} applied")
    errors = [name for name in names if name in fleet.errors]
    errored = sum(1 for name in errors if name in fleet and fleet[name].status == Status.ERRORED)
    rest = {
        "errored": errored,
        "stopped": len(errors) - errored,  # before their Terraform began, or by a person
        "not planned yet": 0 if applying else total - len(known) - len(errors),
    }
    parts += [f"{number:,} {words}" for words, number in rest.items() if number > 0]
    return ". ".join(parts) + "."


def _destroying(rows: Mapping[str, FleetRow]) -> list[str]:
    """`Resources are destroyed in "a"`, by the rows of environments; nothing if that happens in none."""
    names = [name for name, row in rows.items() if row.numbers.get("delete") or row.numbers.get("replace")]
    return [f"Resources are destroyed in {_names(names)}"] if names else []


def _severe(fleet: Fleet, rows: Iterable[FleetRow]) -> list[str]:
    """A line for each resource that is destroyed, replaced, or forgotten, up to a number of them."""
    concerned = [row for row in rows if row.takes_part or fleet.phase == Phase.PLAN]
    every = [(row, change) for row in concerned for change in row.severe]
    every.sort(key=lambda each: severity_rank(each[1].action))
    more = max(0, len(every) - _MAX_SEVERE) + sum(row.more_severe for row in concerned)
    lines = [
        f"{action_sign(change.action):>3} {row.name}: {change.address} {change.words}"
        f"{f': {change.reason}' if change.reason else ''}"
        for row, change in every[:_MAX_SEVERE]
    ]
    return [*lines, f"    and {count(more)} more"] if more > 0 else lines


def environments_text(number: int) -> str:
    """`1 environment`, `12 environments`."""
    return "1 environment" if number == 1 else f"{number:,} environments"


def _names(names: list[str], most: int = 5) -> str:
    shown = ", ".join(f'"{brief(name, _MAX_NAME)}"' for name in names[:most])
    return shown if len(names) <= most else f"{shown}, and {len(names) - most:,} more"


def _all_cells(fleet: Fleet, rows: Iterable[FleetRow]) -> Iterable[tuple[str, ...]]:
    for name, row in zip(fleet.names, rows, strict=True):
        run = fleet.get(name)
        by = brief(run.authenticated_by, _MAX_NAME) if run is not None else ""
        yield (row.name, _phase(row.plan), row.changes, _phase(row.apply), by, row.run)


def _phase(phase: FleetPhase) -> str:
    """`Planned, 0:05`; of a phase that goes on, no time, because nobody looks again every second."""
    took = duration(phase.ended_at - phase.started_at) if phase.started_at and phase.ended_at else ""
    return f"{phase.words}, {took}" if took else phase.words


def _errors(fleet: Fleet) -> Iterable[str]:
    """Why runs were stopped: each reason once, as the first environment has it, with the names of the others."""
    alike: dict[str, list[str]] = {}
    for name, error in fleet.errors.items():
        # The same reason names each environment's own folder and role.
        reason = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "", _ARN.sub("", str(error)))
        alike.setdefault(reason, []).append(name)
    for name, *others in [*alike.values()][:_MAX_ERRORS]:
        also = f", and likewise {_names(others)}" if others else ""
        yield f"{brief(name, _MAX_NAME)}{also}: {brief(str(fleet.errors[name]), _MAX_TEXT)}"
    if (left := sum(map(len, [*alike.values()][_MAX_ERRORS:]))) > 0:
        yield f"{left:,} more were stopped."


def _html(fleet: Fleet) -> str:
    heads = "".join(f'<th scope="col" nowrap style="{_CELL}">{escape(head)}</th>' for head in _HEADS)
    rows, every = [], fleet_rows(fleet)
    for each in _all_cells(fleet, every):
        first, *others, run_id = map(escape, each)
        cells = "".join(f'<td nowrap style="{_CELL}">{cell}</td>' for cell in (*others, f"<code>{run_id}</code>"))
        rows.append(f'<tr><th scope="row" nowrap style="{_CELL}">{first}</th>{cells}</tr>')
    # JupyterLab makes all columns as wide as the head's words, and words would overlap.
    table = (
        f'<table style="table-layout: auto; width: auto"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    severe, errors = (
        "".join(f"<li>{escape(line)}</li>" for line in lines) for lines in (_severe(fleet, every), _errors(fleet))
    )
    return (
        f"<div><p><strong>{escape(decision_line(fleet, every))}</strong></p>{f'<ul>{severe}</ul>' if severe else ''}"
        f'<div style="overflow-x: auto">{table}</div>{f"<ul>{errors}</ul>" if errors else ""}</div>'
    )
