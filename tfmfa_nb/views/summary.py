"""The summary of a run that stays in the notebook: bounded, without secrets, and readable without widgets and CSS.

JupyterLab removes styles and scripts from untrusted notebooks, so the HTML works without them, inherits its colors, and
never relies on color alone.
"""

from __future__ import annotations

import time
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.protocol.words import action_sign, duration, lock_indicator_name
from tfmfa_nb.views.apply_review import apply_sections
from tfmfa_nb.views.approval_text import needed_text
from tfmfa_nb.views.plan_review import MOST, Entry, Section, reviewed, sections, values_of
from tfmfa_nb.views.policy_verdicts import policy_sections
from tfmfa_nb.views.sanitize import brief, plain, shorten, spans
from tfmfa_nb.views.timeline import image, timeline
from tfmfa_nb.views.wording import (
    checks_of,
    command_text,
    decision_about,
    documents_of,
    place_of,
    policy_text,
    program_text,
    status_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tfmfa_nb.protocol.picture_messages import Timeline
    from tfmfa_nb.runs.run import Run

_HEAD, _TAIL, _MAX_ROLES, _MAX_CHARACTERS, _MAX_NAME = 40, 200, 20, 400, 80
# Bytes as written: marks and escaped characters can make a line ten times as long. The two forms of a summary are below
# 100 KB together, in a notebook's file too, which escapes what HTML has many of.
_MAX_TEXT, _MAX_HTML = 30_000, 48_000
_MAX_DOCUMENTS, _MAX_FACTS, _MAX_ERROR, _MAX_HEAD = 8_000, 5_000, 3_000, 5_000
_PLAN_SHARE = 0.6  # of the room that is left for the plan and the log
_LEAST, _MAX_DETAILS = 300, 120  # bytes for which details are begun; their most lines
_MAX_BARS = 25  # about 12 KB of a picture
_OPEN_LINES = 80  # a longer log is collapsed, to keep the notebook short
_OPEN_CHANGES = 60  # lines of changes up to which they are all open
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
    head = [_title(run), *map(plain, _decision(run))]
    head += [f"  {label}: {text}" for label, text in _bounded_facts(_facts(run))]
    details = [f"  {label}: {text}" for label, text in _bounded_facts(_details(run))]
    tail: list[str] = []
    if run.error:
        tail += ["", f"Error: {_clipped(run.error)}"]
        if run.error_remedy:
            tail.append(f"What to do: {_clipped(run.error_remedy)}")
        for title, text in _documents(run):
            tail += ["", f"{title}:", *(f"  {line}" for line in text.split("\n"))]
    line = _timeline(run)
    times = ["", "Timeline", f"  {line.sentence}", *(f"  {each}" for each in line.lines)] if line else []
    room = _Room(_MAX_TEXT - _size([*head, *times, *details, *tail]), _PLAN_SHARE)
    parts = head
    for section in _sections(run):
        lines = [line for block in _blocks(section, room, plain) for line in block]
        parts += ["", section.title, *lines]
    parts += [*times, "", "Details", *details]
    log = _log(run, plain, room.rest)
    return "\n".join([*parts, *(["", "Log", *log] if log else []), *tail])


def summary_html(run: Run) -> str:
    """`run` as HTML, in which all external text is escaped."""
    parts = [f"<p><strong>{escape(_title(run))}</strong></p>"]
    decided = list(map(_html, _decision(run)))
    if decided:
        parts += [f"<p>{lines}</p>" for lines in (decided[0], "<br>".join(decided[1:])) if lines]
    if run.error:
        parts.append(
            f"<p>{_span('✗ Error:', ('bold', 'red'))} {escape(_clipped(run.error))}"
            + (f"<br><strong>What to do:</strong> {escape(_clipped(run.error_remedy))}" if run.error_remedy else "")
            + "</p>"
        )
        # Never collapsed: these documents fix the error.
        parts += [f"<p>{escape(title)}:</p><pre><code>{escape(text)}</code></pre>" for title, text in _documents(run)]
    parts.append(_list(_facts(run)))
    details = f"<details><summary>Details</summary>{_list(_details(run))}</details>"
    line = _timeline(run)
    times = f"<br><p><strong>Timeline</strong></p><p>{escape(line.sentence)}</p>{image(line)}" if line else ""
    room = _Room(_MAX_HTML - _size([*parts, times, details]), _PLAN_SHARE)
    for section in _sections(run):
        parts.append(_section_html(section, room))
    parts.append(times)
    log = _log(run, _html, room.rest)
    if log:
        lines = run.log_lines - run.log_start
        parts.append("<br>" + _folded(f"Log ({lines:,} {'line' if lines == 1 else 'lines'})", log, _OPEN_LINES))
    return f"<div>{''.join([*parts, details])}</div>"


def leaves_out(run: Run) -> bool:
    """True if the summary omits lines of the log."""
    return run.log_lines - run.log_start > _HEAD + _TAIL


class _Room:
    """The bytes that are left for the plan, and then for the log."""

    def __init__(self, size: int, share: float) -> None:
        self.rest = size
        self._plan = int(size * share)

    @property
    def plan(self) -> int:
        """What is left for the plan."""
        return self._plan

    def take(self, lines: Iterable[str], most: int | None = None) -> list[str]:
        """The first of `lines` that there is room for."""
        kept = _within(self._plan if most is None else min(most, self._plan), lines)
        self._plan -= (used := _size(kept))
        self.rest -= used
        return kept


def _decision(run: Run) -> list[str]:
    """What the plan will do, in one line, and what it destroys or replaces."""
    decided = decision_about(run)
    return reviewed(decided) if decided else []


def _sections(run: Run) -> list[Section]:
    applied = [*policy_sections(run), *apply_sections(run.applies, over=run.ended_at > 0)]
    if run.known_plan is not None:
        return [*applied, *sections(run.known_plan, run.outputs)]
    heads = [
        Entry(brief(f"{action_sign(action):>3} {change.get('address', '')} ({action})", _MAX_CHARACTERS))
        for change in run.changes[:MOST]
        for action in [str(change.get("action", ""))]
    ]
    changes = [Section(f"Changes ({len(run.changes):,})", heads, len(run.changes))] if heads else []
    values = values_of(run.outputs) if run.phase == Phase.APPLY and not run.command else []
    outputs = [Section(f"Outputs ({len(values):,})", values, len(values))] if values else []
    return [*applied, *changes, *outputs]


def _blocks(section: Section, room: _Room, render: Callable[[str], str]) -> list[list[str]]:
    """The entries of a section, as far as there is room: all heads first, then the details of the first ones."""
    heads = room.take(map(render, (entry.head for entry in section.entries[:MOST])), room.plan // 3)
    blocks = [[head] for head in heads]
    for block, entry in zip(blocks, section.entries, strict=False):
        most = room.plan // 3  # one must not take it all from the others
        if most < _LEAST:
            break
        lines = [*islice(map(render, entry.details), _MAX_DETAILS + 1)]
        kept = room.take(lines[:_MAX_DETAILS], most)
        block.extend(kept)
        if len(kept) < len(lines):
            block.append("        … more: run.plan has all of it")
    if (more := section.total - len(blocks)) > 0:
        blocks.append([f"… and {more:,} more"])
    return blocks


def _section_html(section: Section, room: _Room) -> str:
    blocks = _blocks(section, room, _html)
    is_open = " open" if sum(map(len, blocks)) <= _OPEN_CHANGES else ""
    parts, alone = [], list[str]()
    for head, *details in [*blocks, [""]]:
        if (details or not head) and alone:
            parts.append(f"<pre><code>{chr(10).join(alone)}</code></pre>")
            alone = []
        if details:
            inner = chr(10).join(details)
            parts.append(f"<details{is_open}><summary>{head}</summary><pre><code>{inner}</code></pre></details>")
        elif head:
            alone.append(head)
    # Front ends leave no room above a paragraph.
    return f"<br><p><strong>{escape(section.title)}</strong></p>{''.join(parts)}"


def _timeline(run: Run) -> Timeline | None:
    """The timeline of an apply that has ended."""
    return timeline(run, _MAX_BARS) if run.phase == Phase.APPLY and run.ended_at else None


def _documents(run: Run) -> list[tuple[str, str]]:
    """The documents that fix the error, up to a size limit; the log has all of them."""
    kept: list[tuple[str, str]] = []
    room, documents = _MAX_DOCUMENTS, documents_of(run)
    for title, text in documents:
        room -= _size([escape(title + text)])
        if room < 0:
            return [*kept, ("More", f"… {len(documents) - len(kept)} omitted; see the full log …")]
        kept.append((title, text))
    return kept


def _title(run: Run) -> str:
    return f"{_short(place_of(run))}: {status_words(run)}"


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    """The facts about the run, as (label, text), most important first."""
    yield from [("MFA", text) for text in [_mfa(run)] if text]
    yield from [("Command", _short(f"terraform {command_text(run)}")) for _ in [run.command] if run.command]
    yield "Level", _short(run.level)
    yield from [("Workspace", _short(name)) for name in [run.workspace] if name]
    if run.identity:
        yield "Identity", _short(f"{run.identity.get('arn', '')} (keys from {run.identity.get('source', '')})")
    yield from (("Check", sentence) for sentence in checks_of(run))
    yield from [("Approvals", needed_text(needed)) for needed in [run.needed_approvals] if needed]
    yield from [("Comparison", compared.sentence) for compared in [run.comparison] if compared]
    progress = run.progress
    if progress:
        yield "Resources", f"{progress.get('done', 0)} of {progress.get('total', 0)} done"
    if run.started_at:
        until = run.ended_at or time.time()
        waited = f", {duration(run.waited)} of it waiting for an answer" if run.waited >= 1 else ""
        yield (
            "Time" if run.command else f"{run.phase.capitalize()}",
            f"{_when(run.started_at)} to {_when(until)}, {duration(until - run.started_at)}{waited}"
            if run.ended_at
            else f"since {_when(run.started_at)}",
        )


def _details(run: Run) -> Iterator[tuple[str, str]]:
    """What somebody looks up later."""
    if run.identity:
        yield "MFA device", _short(run.identity.get("serial_number", ""))
        if run.identity.get("endpoint"):
            yield "STS endpoint", _short(run.identity["endpoint"])
    for role in run.roles[:_MAX_ROLES]:
        hops = [_hop(hop) for hop in role.get("hops", [])[:_MAX_ROLES]]
        if hops:
            yield f"Roles of {brief(role.get('provider', ''), _MAX_NAME)}", _short(" → ".join(hops))
    if len(run.roles) > _MAX_ROLES:
        yield "Roles", f"and those of {len(run.roles) - _MAX_ROLES:,} more providers"
    if run.product:
        yield "Program", _short(", ".join(filter(None, (run.product, program_text(run)))))
        yield "Policy", _short(policy_text(run))
    yield "Run", _short(run.id)
    if run.log_path:  # a start that was refused has no log
        yield "Full log", _short(run.log_path)


def _mfa(run: Run) -> str:
    """Who authenticated, or what was required; "" for a run that ended before anybody asked what its level requires."""
    if run.authenticated_by:
        return f"Authenticated with MFA by {_short(run.authenticated_by)}"
    if not run.lock_indicator_text:
        return ""
    words = _short(f"{run.lock_indicator_text} {run.lock_indicator_remedy}".strip())
    return f"{lock_indicator_name(run.lock_indicator)}. {words}"


def _hop(hop: dict[str, str]) -> str:
    """One role with its state, and the cause of a refusal."""
    message = hop.get("message", "")
    return f"{hop.get('arn', '')} ({hop.get('state', '')}{': ' + message if message else ''})"


def _short(text: str) -> str:
    return brief(text, _MAX_CHARACTERS)


def _bounded_facts(facts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Facts, as long as there is room for them."""
    room = _MAX_FACTS
    for label, text in facts:
        room -= _size([escape(text)]) + len(label)
        if room < 0:
            yield label, "… see the full log"
            return
        yield label, text


def _list(facts: Iterable[tuple[str, str]]) -> str:
    rows = (f"<li><strong>{escape(label)}:</strong> {escape(text)}</li>" for label, text in _bounded_facts(facts))
    return f"<ul>{''.join(rows)}</ul>"


def _clipped(text: str) -> str:
    """A text of an error, as long as there is room for it."""
    text = brief(text)
    while _size([escape(text)]) > _MAX_ERROR:
        text = f"{text[: len(text) * 2 // 3]} …"
    return text


def _log(run: Run, render: Callable[[str], str], room: int) -> list[str]:
    """The head and the tail of the phase's log, in so many bytes."""

    def rendered(start: int, stop: int) -> list[str]:
        return [render(shorten(line, _MAX_CHARACTERS)) for line in run.log_text(start, stop)] if start < stop else []

    start, stop = run.log_start, run.log_lines
    split = min(start + _HEAD, stop)
    head = _within(min(_MAX_HEAD, room // 3), rendered(start, split))
    tail = _within(room - _size(head), reversed(rendered(max(split, stop - _TAIL), stop)))[::-1]
    omitted = stop - start - len(head) - len(tail)
    gap = [f"… {omitted:,} lines omitted; see the full log …"] if omitted > 0 else []
    return [*head, *gap, *tail]


def _size(lines: Iterable[str]) -> int:
    """Bytes of lines, with their ends."""
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)


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


def _folded(title: str, lines: list[str], most: int) -> str:
    is_open = " open" if len(lines) <= most else ""
    content = "\n".join(lines)
    return f"<details{is_open}><summary>{escape(title)}</summary><pre><code>{content}</code></pre></details>"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
