"""The list of `%tfruns`: a table of runs, and the next command for each run that is running or pending.

Text/plain is for terminals; text/html needs neither widgets nor styles and inherits its colors. The extension draws the
same table from the typed message, with buttons.
"""

from __future__ import annotations

import os
import time
from html import escape
from typing import TYPE_CHECKING, Any

from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.drawn_outputs import OUTPUT_MIME, NextStep, OutputRow, RunsOutput
from tfmfa_nb.protocol.words import counts_text, duration, status_name
from tfmfa_nb.views.approval_text import needed_text, needed_words
from tfmfa_nb.views.sanitize import brief

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tfmfa_nb.runs.history.listing import ListedRun, Listing

_MAX_NAME, _MAX_TEXT = 40, 300
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_UNREADABLE = "record not valid"
_CELL = "text-align: left; white-space: nowrap"


def listing_bundle(listing: Listing, base: Path) -> dict[str, Any]:
    """The mime bundle of `listing`: text/plain, text/html, and what the extension draws.

    Args:
        listing: the runs.
        base: folder of the notebook, to which the environment's folder is relative.
    """
    drawn = encode(_output(listing, base))
    return {"text/plain": listing_text(listing), "text/html": listing_html(listing), OUTPUT_MIME: drawn}


def listing_text(listing: Listing) -> str:
    """`listing` as lines of plain text, with aligned columns."""
    rows = [_heads(listing), *(_row(run, listing) for run in listing.runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    parts = [_title(listing), *(f"  {line}" for line in (lines if listing.runs else []))]
    sentences = [f"{sentence}{': ' + command if command else ''}" for sentence, command in _sentences(listing)]
    return "\n".join([*parts, *([""] if sentences and listing.runs else []), *sentences])


def listing_html(listing: Listing) -> str:
    """`listing` as HTML, in which all external text is escaped."""
    parts = [f"<p><strong>{escape(_title(listing))}</strong></p>"]
    if listing.runs:
        heads = "".join(f'<th scope="col" nowrap style="{_CELL}">{escape(head)}</th>' for head in _heads(listing))
        rows = "".join(_html_row(run, listing) for run in listing.runs)
        # JupyterLab makes all columns as wide as the head's words, and words would overlap.
        table = f'<table style="table-layout: auto; width: auto"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        parts.append(f'<div style="overflow-x: auto">{table}</table></div>')
    for sentence, command in _sentences(listing):
        parts.append(f"<p>{escape(sentence)}{': <code>' + escape(command) + '</code>' if command else ''}</p>")
    return f"<div>{''.join(parts)}</div>"


def _output(listing: Listing, base: Path) -> RunsOutput:
    heads = _heads(listing)
    return RunsOutput(
        title=_title(listing),
        folder=os.path.relpath(listing.folder, base),
        heads=heads,
        status_column=heads.index("Status"),
        rows=tuple(OutputRow(run=run.id, status=run.status or "", cells=_row(run, listing)) for run in listing.runs),
        steps=tuple(NextStep(text=sentence, command=command) for sentence, command in _sentences(listing)),
    )


def _title(listing: Listing) -> str:
    name, listed, total = brief(listing.environment, _MAX_NAME), len(listing.runs), listing.total
    if not total:
        return f'"{name}" has no runs yet'
    more = f", {listed:,} of {total:,}" if listed < total else ""
    keys = _keys(listing)
    state = f", state in s3://{brief(min(keys), _MAX_TEXT)}" if len(keys) == 1 else ""
    return f'Runs of "{name}", newest first{more}{state}'


def _heads(listing: Listing) -> tuple[str, ...]:
    zone = time.strftime("%Z", time.localtime(listing.listed_at))
    changes = "Changes or command" if any(run.command for run in listing.runs) else "Changes"
    where = (*(("State",) if _separates(listing) else ()), *(("Workspace",) if _workspaces(listing) else ()))
    return ("Run", f"Started ({zone})", "Status", changes, *where, "MFA by", "Duration")


def _keys(listing: Listing) -> set[str]:
    """The keys of S3 backends in which the runs have their states."""
    return {run.backend_key for run in listing.runs if run.backend_key}


def _separates(listing: Listing) -> bool:
    """Whether the runs have their states in different places."""
    return len(_keys(listing)) > 1


def _workspaces(listing: Listing) -> bool:
    """Whether a run is in another workspace than the default one."""
    return any(run.workspace not in {"", "default"} for run in listing.runs)


def _row(run: ListedRun, listing: Listing) -> tuple[str, ...]:
    return (
        run.id,
        _started(run.started_at, listing.listed_at),
        status_of(run),
        brief(run.command, _MAX_NAME) or counts_text(run.counts),
        *([brief(run.backend_key, _MAX_NAME)] if _separates(listing) else []),
        *([brief(run.workspace, _MAX_NAME)] if _workspaces(listing) else []),
        brief(run.authenticated_by, _MAX_NAME),
        "" if run.seconds is None else duration(run.seconds) + (", running" if run.running else ""),
    )


def _html_row(run: ListedRun, listing: Listing) -> str:
    # Nothing wraps: JupyterLab would break code at any character, and a date at each hyphen.
    run_id, *others = map(escape, _row(run, listing))
    cells = (f'<td nowrap style="{_CELL}">{cell}</td>' for cell in (f"<code>{run_id}</code>", *others))
    return f"<tr>{''.join(cells)}</tr>"


def _started(seconds: float, now: float) -> str:
    if not seconds:
        return "?"
    return f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(seconds))}, {_age(now - seconds)}"


def _age(seconds: float) -> str:
    """3 min ago; short, because the table is wide."""
    for size, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{int(seconds // size):,} {name} ago"
    return "just now"


def status_of(run: ListedRun) -> str:
    """The status of a run in words, with what is unusual about it."""
    if run.status is None:
        return "Never started" if run.never_started else _UNREADABLE
    if run.waiting_for:
        return f"{status_name(run.status)}, waiting for a {run.waiting_for}"
    name = status_name(run.status) + ("" if run.confirmed else ", not confirmed")
    if run.end_unrecorded:
        return f"{name}, end not recorded"
    if run.status == "planned" and not run.can_apply:
        return f"{name}, plan deleted"
    if (needed := run.needed_approvals) is not None:
        return f"{name}, {'rejected' if needed.rejected else needed_words(needed)}"
    return name


def _sentences(listing: Listing) -> Iterator[tuple[str, str]]:
    """What to do next: sentences, each with the command to type."""
    magic = f"%tfruns {brief(listing.option, _MAX_TEXT)}"
    yield from ((brief(sentence, _MAX_TEXT), "") for sentence in listing.evidence)
    yield from _about_the_lock(listing, magic)
    for run in listing.runs:
        yield from _about(run, magic)
    if listing.runs and not any(any(_about(run, magic)) for run in listing.runs):
        yield "To show a run", f"{magic} open {listing.runs[0].id}"
    if 0 < len(listing.runs) < listing.total:
        yield "To list more", f"{magic} --limit {min(listing.total, 10 * len(listing.runs))}"


def _about(run: ListedRun, magic: str) -> Iterator[tuple[str, str]]:
    """What to do about a run, if there is anything."""
    if run.waiting_for:
        yield f"{run.id} is waiting for a {run.waiting_for}. To give it here", f"{magic} approve {run.id}"
        yield "To give it in a terminal on this machine", f"jupyter tfmfa approve {run.id}"
    elif run.running and run.status == "pending":
        yield f"{run.id} has not started yet. Its own kernel can start or cancel it.", ""
    elif run.running:
        yield f"{run.id} is still running{_left(run)}. To follow it to its end", f"{magic} follow {run.id}"
        yield "To stop it gracefully", f"{magic} cancel {run.id}"
    elif run.end_unrecorded:
        yield f"{run.id} ended after its kernel had exited. To record how it ended", f"{magic} follow {run.id}"
    elif (needed := run.needed_approvals) is not None and not needed.complete:
        yield (
            f"{run.id} has {brief(needed_text(needed), _MAX_TEXT)}. To ask for an approval",
            f"{magic} request {run.id}",
        )
    elif run.can_apply:
        yield f"{run.id} is waiting to be applied. To show it before %tfapply", f"{magic} open {run.id}"
    elif run.never_started:
        yield f"{run.id} never started: {run.never_started}. To remove it", f"{magic} discard {run.id}"
    elif run.status is None:
        yield f"{run.id} cannot be read: its record is missing or not valid. To remove it", f"{magic} discard {run.id}"


def _left(run: ListedRun) -> str:
    """Who of those around a Terraform that is still running has gone."""
    if run.left_alone:
        return f" (its supervisor was killed; Terraform is process {run.left_alone})"
    return "" if run.attended else " (its kernel has exited)"


def _about_the_lock(listing: Listing, magic: str) -> Iterator[tuple[str, str]]:
    if listing.problem:
        yield brief(listing.problem, _MAX_TEXT), ""
    elif listing.holder is not None:
        yield f"The environment is locked by a run: {brief(str(listing.holder), _MAX_TEXT)}.", ""
        if listing.lock_was_left:
            yield "That run has ended. To free the lock that it left behind", f"{magic} unlock"
