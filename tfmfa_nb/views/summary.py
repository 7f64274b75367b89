"""What stays of a run in the notebook: bounded, without a secret, readable where no widget and no CSS is.

JupyterLab strips styles and scripts from notebooks that it does not trust, so the HTML holds without them,
takes its colours from around it, and says nothing by colour alone.
"""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING

from tfmfa_nb.views.visible import plain, shorten, spans
from tfmfa_nb.views.words import counts_text, duration, lock_name, status_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.runs.run import Run

_HEAD, _TAIL, _MOST_CHANGES, _MOST_CHARACTERS = 40, 200, 200, 400
_OPEN_LINES = 80  # a longer log is folded, so that the notebook still scrolls
_MARKS = {
    "create": "+", "update": "~", "delete": "-", "replace": "-/+", "read": "<=", "import": "=>", "no-op": " ",
}  # fmt: skip
# Dark enough on white and light enough on black (4.5 : 1 on either is what there is of these hues).
_INK = {
    "red": "#d64545", "green": "#2f8a3c", "yellow": "#a87400", "blue": "#3d7bd9", "magenta": "#b455b8",
    "cyan": "#1a8a94",
}  # fmt: skip


def summary_bundle(run: Run) -> dict[str, str]:
    """The mime bundle of `run`: text/plain and text/html."""
    return {"text/plain": summary_text(run), "text/html": summary_html(run)}


def summary_text(run: Run) -> str:
    """`run` as lines of plain text."""
    parts = [_title(run), *(f"  {label}: {text}" for label, text in _facts(run))]
    changes = list(_changes(run))
    if changes:
        parts += ["", *(f"  {line}" for line in changes)]
    log = list(_log(run))
    if log:
        parts += ["", *(plain(line) for line in log)]
    if run.error:
        parts += ["", f"Error: {plain(run.error)}"]
        if run.error_remedy:
            parts.append(f"What to do: {plain(run.error_remedy)}")
    return "\n".join(parts)


def summary_html(run: Run) -> str:
    """`run` as HTML in which everything that comes from outside is escaped text."""
    parts = [f"<p><strong>{escape(_title(run))}</strong></p>"]
    if run.error:
        parts.append(
            f"<p>{_span('✗ Error:', ('bold', 'red'))} {escape(plain(run.error))}"
            + (f"<br><strong>What to do:</strong> {escape(plain(run.error_remedy))}" if run.error_remedy else "")
            + "</p>"
        )
    rows = "".join(f"<li><strong>{escape(label)}:</strong> {escape(text)}</li>" for label, text in _facts(run))
    parts.append(f"<ul>{rows}</ul>")
    changes = list(_changes(run))
    if changes:
        parts.append(_folded(f"Changes ({len(run.changes):,})", _lines(changes), len(changes)))
    log = list(_log(run))
    if log:
        shown = run.log_lines - run.log_start
        parts.append(_folded(f"Log ({shown:,} {'line' if shown == 1 else 'lines'})", _lines(log), len(log)))
    return f"<div>{''.join(parts)}</div>"


def _title(run: Run) -> str:
    counts = counts_text(run.counts)
    return f"{plain(run.environment)}: {status_name(run.status)}{' ' + counts if counts else ''}"


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    """What a reader of the record wants to know, in the order of the asking."""
    if run.authenticated_by:
        yield "MFA", f"Authenticated with MFA by {plain(run.authenticated_by)}"
    else:
        words = plain(f"{run.lock_text} {run.lock_remedy}".strip())
        yield "MFA", f"{lock_name(run.lock)}{'. ' + words if words else ''}"
    yield "Level", plain(run.level)
    identity = run.identity
    if identity:
        yield "Identity", plain(f"{identity.get('arn', '')} (keys from {identity.get('source', '')})")
        yield "MFA device", plain(identity.get("serial_number", ""))
    for role in run.roles[:_MOST_CHANGES]:
        hops = " → ".join(f"{hop.get('arn', '')} ({hop.get('state', '')})" for hop in role.get("hops", []))
        if hops:
            yield f"Roles of {plain(role.get('provider', ''))}", plain(hops)
    progress = run.progress
    if progress:
        yield "Resources", f"{progress.get('done', 0)} of {progress.get('total', 0)} done"
    if run.started_at:
        until = run.ended_at or time.time()
        yield (
            f"{run.phase.capitalize()}",
            f"{_when(run.started_at)} to {_when(until)}, {duration(until - run.started_at)}"
            if run.ended_at
            else f"since {_when(run.started_at)}",
        )
    if run.product:
        yield "Program", plain(run.product)
    yield "Run", plain(run.id)
    yield "Whole log", plain(run.log_path)


def _changes(run: Run) -> Iterator[str]:
    for change in run.changes[:_MOST_CHANGES]:
        action = str(change.get("action", ""))
        mark = _MARKS.get(action, "")
        yield plain(shorten(f"{mark:>3} {change.get('address', '')} ({action})", _MOST_CHARACTERS))
    more = len(run.changes) - _MOST_CHANGES
    if more > 0:
        yield f"… and {more:,} more"


def _log(run: Run) -> Iterator[str]:
    """The head and the tail of the phase's log; colours kept."""
    start, stop = run.log_start, run.log_lines
    left_out = stop - start - _HEAD - _TAIL
    if left_out <= 0:
        yield from (shorten(line, _MOST_CHARACTERS) for line in run.log_text(start, stop))
        return
    yield from (shorten(line, _MOST_CHARACTERS) for line in run.log_text(start, start + _HEAD))
    yield f"… {left_out:,} lines left out; the whole log has them …"
    yield from (shorten(line, _MOST_CHARACTERS) for line in run.log_text(stop - _TAIL, stop))


def _lines(lines: list[str]) -> str:
    return "\n".join("".join(_span(text, classes) for text, classes in spans(line)) for line in lines)


def _span(text: str, classes: tuple[str, ...]) -> str:
    """Escaped text, bold and in a colour that is legible on light and dark; both may be stripped."""
    shown = escape(text)
    colour = next((_INK[name] for each in classes if (name := each.removeprefix("bright-")) in _INK), None)
    if colour:
        shown = f'<span style="color: {colour}">{shown}</span>'
    return f"<strong>{shown}</strong>" if "bold" in classes else shown


def _folded(title: str, lines: str, count: int) -> str:
    opened = " open" if count <= _OPEN_LINES else ""
    return f"<details{opened}><summary>{escape(title)}</summary><pre>{lines}</pre></details>"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
