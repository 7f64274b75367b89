"""A fleet as a table: one row for each environment, and one line that says what all of them do."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.words import count, duration
from tfmfa_nb.views.fleet_rows import fleet_rows
from tfmfa_nb.views.sanitize import brief

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.protocol.messages import FleetPhase

_HEADS = ("Environment", "Plan", "Changes", "Apply", "MFA by", "Run")
_MAX_NAME, _MAX_TEXT, _MAX_ERRORS = 60, 300, 20
_ARN = re.compile(r"\barn:[\w:/.+=,@-]+")
_CELL = "text-align: left; white-space: nowrap"


def fleet_bundle(fleet: Fleet) -> Mapping[str, str]:
    """The mime bundle of `fleet` as it is now: text/plain and text/html, in which all external text is escaped."""
    return {"text/plain": fleet_text(fleet), "text/html": _html(fleet)}


def fleet_text(fleet: Fleet) -> str:
    """`fleet` as lines of plain text, with aligned columns."""
    rows = [_HEADS, *_all_cells(fleet)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([decision_line(fleet), *(f"  {line}" for line in lines), *_errors(fleet)])


def decision_line(fleet: Fleet) -> str:
    """What the fleet does: `48 of 50 environments change: 3 to add, 0 to change, 3 to destroy in "a". 1 errored.`."""
    runs = list(fleet.values())
    total = len(fleet.names)
    known = [(run.environment, run.counts) for run in runs if run.counts is not None]
    sums = Counter[str]()
    for _, counts in known:
        sums.update(counts or {})
    changing = sum(1 for _, counts in known if any((counts or {}).values()))
    destroying = [name for name, counts in known if (counts or {}).get("destroy")]
    parts = [f"{changing:,} of {environments_text(total)} {'changes' if changing == 1 else 'change'}"]
    if changing:
        parts[0] += (
            f": {count(sums['add'])} to add, {count(sums['change'])} to change, {count(sums['destroy'])} to destroy"
        )
    if destroying:
        parts[0] += f" in {_names(destroying)}"
    applied = sum(run.status == "applied" for run in runs)
    unplanned = total - len(known) - len(fleet.errors)
    parts += [f"{applied:,} applied"] if any(run.phase == Phase.APPLY for run in runs) else []
    errored = sum(1 for name in fleet.errors if name in fleet and fleet[name].status == Status.ERRORED)
    stopped = len(fleet.errors) - errored  # before their Terraform began, or by a person
    parts += [f"{errored:,} errored"] if errored else []
    parts += [f"{stopped:,} stopped"] if stopped else []
    parts += [f"{unplanned:,} not planned yet"] if unplanned > 0 else []
    return ". ".join(parts) + "."


def environments_text(number: int) -> str:
    """`1 environment`, `12 environments`."""
    return "1 environment" if number == 1 else f"{number:,} environments"


def _names(names: list[str], most: int = 5) -> str:
    shown = ", ".join(f'"{brief(name, _MAX_NAME)}"' for name in names[:most])
    return shown if len(names) <= most else f"{shown}, and {len(names) - most:,} more"


def _all_cells(fleet: Fleet) -> Iterable[tuple[str, ...]]:
    for name, row in zip(fleet.names, fleet_rows(fleet), strict=True):
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
    rows = []
    for each in _all_cells(fleet):
        first, *others, run_id = map(escape, each)
        cells = "".join(f'<td nowrap style="{_CELL}">{cell}</td>' for cell in (*others, f"<code>{run_id}</code>"))
        rows.append(f'<tr><th scope="row" nowrap style="{_CELL}">{first}</th>{cells}</tr>')
    # JupyterLab makes all columns as wide as the head's words, and words would overlap.
    table = (
        f'<table style="table-layout: auto; width: auto"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    errors = "".join(f"<li>{escape(line)}</li>" for line in _errors(fleet))
    return (
        f"<div><p><strong>{escape(decision_line(fleet))}</strong></p>"
        f'<div style="overflow-x: auto">{table}</div>{f"<ul>{errors}</ul>" if errors else ""}</div>'
    )
