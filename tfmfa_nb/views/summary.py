"""The summary of a run that stays in the notebook: bounded, without secrets, and readable without widgets and CSS.

JupyterLab removes styles and scripts from untrusted notebooks, so the HTML works without them, inherits its colors, and
never relies on color alone.
"""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.words import action_sign, duration, lock_indicator_name
from tfmfa_nb.views.sanitize import brief, plain, shorten, spans
from tfmfa_nb.views.wording import (
    checks_of,
    command_text,
    documents_of,
    place_of,
    policy_checks_of,
    policy_text,
    program_text,
    status_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tfmfa_nb.runs.run import Run

_HEAD, _TAIL, _MAX_CHANGES, _MAX_ROLES, _MAX_CHARACTERS, _MAX_NAME = 40, 200, 200, 20, 400, 80
# Bytes as written: marks and escaped characters can make a line ten times as long.
_MAX_HEAD, _MAX_TAIL, _MAX_LISTED, _MAX_DOCUMENTS = 20_000, 75_000, 40_000, 14_000
_OPEN_LINES = 80  # a longer log is collapsed, to keep the notebook short
# Legible on white and on black: a contrast of about 4.5:1 on both.
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
    changes = _changes(run, plain)
    if changes:
        parts += ["", *(f"  {line}" for line in changes)]
    log = _log(run, plain)
    if log:
        parts += ["", *log]
    if run.error:
        parts += ["", f"Error: {brief(run.error)}"]
        if run.error_remedy:
            parts.append(f"What to do: {brief(run.error_remedy)}")
        for title, text in _documents(run):
            parts += ["", f"{title}:", *(f"  {line}" for line in text.split("\n"))]
    return "\n".join(parts)


def summary_html(run: Run) -> str:
    """`run` as HTML, in which all external text is escaped."""
    parts = [f"<p><strong>{escape(_title(run))}</strong></p>"]
    if run.error:
        parts.append(
            f"<p>{_span('✗ Error:', ('bold', 'red'))} {escape(brief(run.error))}"
            + (f"<br><strong>What to do:</strong> {escape(brief(run.error_remedy))}" if run.error_remedy else "")
            + "</p>"
        )
        # Never collapsed: these documents fix the error.
        parts += [f"<p>{escape(title)}:</p><pre>{escape(text)}</pre>" for title, text in _documents(run)]
    rows = "".join(f"<li><strong>{escape(label)}:</strong> {escape(text)}</li>" for label, text in _facts(run))
    parts.append(f"<ul>{rows}</ul>")
    changes = _changes(run, _html)
    if changes:
        parts.append(_folded(f"Changes ({len(run.changes):,})", changes))
    log = _log(run, _html)
    if log:
        count = run.log_lines - run.log_start
        parts.append(_folded(f"Log ({count:,} {'line' if count == 1 else 'lines'})", log))
    return f"<div>{''.join(parts)}</div>"


def _documents(run: Run) -> list[tuple[str, str]]:
    """The documents that fix the error, up to a size limit; the log has all of them."""
    kept: list[tuple[str, str]] = []
    room, documents = _MAX_DOCUMENTS, documents_of(run)
    for title, text in documents:
        room -= len(escape(title + text).encode("utf-8", "replace"))
        if room < 0:
            return [*kept, ("More", f"… {len(documents) - len(kept)} omitted; see the full log …")]
        kept.append((title, text))
    return kept


def _title(run: Run) -> str:
    return f"{_short(place_of(run))}: {status_words(run)}"


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    """The facts about the run, as (label, text), most important first."""
    if run.authenticated_by:
        yield "MFA", f"Authenticated with MFA by {_short(run.authenticated_by)}"
    else:
        words = _short(f"{run.lock_indicator_text} {run.lock_indicator_remedy}".strip())
        yield "MFA", f"{lock_indicator_name(run.lock_indicator)}{'. ' + words if words else ''}"
    yield from [("Command", _short(f"terraform {command_text(run)}")) for _ in [run.command] if run.command]
    yield "Level", _short(run.level)
    yield from [("Workspace", _short(name)) for name in [run.workspace] if name]
    identity = run.identity
    if identity:
        yield "Identity", _short(f"{identity.get('arn', '')} (keys from {identity.get('source', '')})")
        yield "MFA device", _short(identity.get("serial_number", ""))
        if identity.get("endpoint"):
            yield "STS endpoint", _short(identity["endpoint"])
    for role in run.roles[:_MAX_ROLES]:
        hops = [_hop(hop) for hop in role.get("hops", [])[:_MAX_ROLES]]
        if hops:
            yield f"Roles of {brief(role.get('provider', ''), _MAX_NAME)}", _short(" → ".join(hops))
    if len(run.roles) > _MAX_ROLES:
        yield "Roles", f"and those of {len(run.roles) - _MAX_ROLES:,} more providers"
    yield from (("Check", sentence) for sentence in checks_of(run))
    yield from (("Policy check", sentence) for sentence in policy_checks_of(run))
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
        yield "Program", _short(", ".join(filter(None, (run.product, program_text(run)))))
        yield "Policy", _short(policy_text(run))
    yield from _files(run)


def _files(run: Run) -> Iterator[tuple[str, str]]:
    yield "Run", _short(run.id)
    if run.log_path:  # a start that was refused has no log
        yield "Full log", _short(run.log_path)


def _hop(hop: dict[str, str]) -> str:
    """One role with its state, and the cause of a refusal."""
    message = hop.get("message", "")
    return f"{hop.get('arn', '')} ({hop.get('state', '')}{': ' + message if message else ''})"


def _short(text: str) -> str:
    return brief(text, _MAX_CHARACTERS)


def _changes(run: Run, render: Callable[[str], str]) -> list[str]:
    lines = []
    for change in run.changes[:_MAX_CHANGES]:
        action = str(change.get("action", ""))
        line = f"{action_sign(action):>3} {change.get('address', '')} ({action})"
        lines.append(render(brief(line, _MAX_CHARACTERS)))
    listed = _within(_MAX_LISTED, lines)
    more = len(run.changes) - len(listed)
    return [*listed, *([f"… and {more:,} more"] if more else [])]


def _log(run: Run, render: Callable[[str], str]) -> list[str]:
    """The head and the tail of the phase's log."""

    def rendered(start: int, stop: int) -> list[str]:
        return [render(shorten(line, _MAX_CHARACTERS)) for line in run.log_text(start, stop)] if start < stop else []

    start, stop = run.log_start, run.log_lines
    split = min(start + _HEAD, stop)
    head = _within(_MAX_HEAD, rendered(start, split))
    tail = _within(_MAX_TAIL, reversed(rendered(max(split, stop - _TAIL), stop)))[::-1]
    omitted = stop - start - len(head) - len(tail)
    gap = [f"… {omitted:,} lines omitted; see the full log …"] if omitted > 0 else []
    return [*head, *gap, *tail]


def leaves_out(run: Run) -> bool:
    """True if the summary omits lines of the log."""
    return run.log_lines - run.log_start > _HEAD + _TAIL


def _within(most: int, lines: Iterable[str]) -> list[str]:
    """The first of `lines` that together have at most `most` bytes."""
    kept = []
    for line in lines:
        most -= len(line.encode("utf-8", "replace")) + 1
        if most < 0:
            break
        kept.append(line)
    return kept


def _html(line: str) -> str:
    return "".join(_span(text, classes) for text, classes in spans(line))


def _span(text: str, classes: tuple[str, ...]) -> str:
    """Escaped text, in bold and in a color that is legible on light and dark; a front end may remove both."""
    markup = escape(text)
    color = next((_INK[name] for each in classes if (name := each.removeprefix("bright-")) in _INK), None)
    if color:
        markup = f'<span style="color: {color}">{markup}</span>'
    return f"<strong>{markup}</strong>" if "bold" in classes else markup


def _folded(title: str, lines: list[str]) -> str:
    is_open = " open" if len(lines) <= _OPEN_LINES else ""
    content = "\n".join(lines)
    return f"<details{is_open}><summary>{escape(title)}</summary><pre>{content}</pre></details>"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
