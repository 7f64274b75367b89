"""What became of an apply as lines of text: what failed and why, and what was left.

Written as `plan_review` writes a plan. After an apply that has done everything, there is nothing to tell but the plan.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.words import count, duration
from tfmfa_nb.terraform.resource_applies import ApplyState
from tfmfa_nb.views.plan_review import MOST, Entry, Section
from tfmfa_nb.views.sanitize import brief, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.terraform.error_diagnostics import ErrorDiagnostic
    from tfmfa_nb.terraform.resource_applies import ResourceApplies, ResourceApply

_MAX_TEXT, _MAX_LINES = 300, 20


def apply_sections(applies: ResourceApplies, *, over: bool) -> list[Section]:
    """What failed, with Terraform's errors, and what was interrupted or never begun.

    Args:
        applies: what the apply did to each resource.
        over: whether it has ended.
    """
    failed = [
        *(partial(_problem, each) for each in applies.problems),
        *(partial(_failure, each) for each in applies.failed),
    ]
    cut = [partial(_left, "!", each) for each in applies.running if over]
    left = [partial(_left, " ", each) for each in applies if over and each.state is ApplyState.WAITING]
    return [
        Section(f"{title} ({count(len(entries))})", [make() for make in entries[:MOST]], len(entries))
        for title, entries in (("Failed", failed), ("Interrupted", cut), ("Not started", left))
        if entries
    ]


def _head(sign: str, change: ResourceApply) -> str:
    took = f", after {duration(change.seconds)}" if change.seconds else ""
    return f"  {sign} {one_line(change.address, _MAX_TEXT)} ({change.action}{took})"


def _left(sign: str, change: ResourceApply) -> Entry:
    return Entry(_head(sign, change))


def _failure(change: ResourceApply) -> Entry:
    lines = (line for error in change.diagnostics for line in (f"      Error: {_short(error.summary)}", *_error(error)))
    return Entry(_head("✗", change), lines)


def _problem(error: ErrorDiagnostic) -> Entry:
    return Entry(f"  ✗ Error: {_short(error.summary)}", _error(error))


def _error(error: ErrorDiagnostic) -> Iterator[str]:
    if error.place:
        yield f"        on {_short(error.place)}{f', in {_short(error.context)}' if error.context else ''}:"
    for line in error.source[:_MAX_LINES]:
        text = "".join(piece for piece, _ in line.pieces)
        yield f"        {line.number or '?':>4}: {_short(text)}"
    called = [f"while calling {error.function}"] if error.function else []
    yield from (f"              {_short(value)}" for value in (*called, *error.values)[:_MAX_LINES])
    yield from (f"        {line}" for line in brief(error.detail).split("\n")[:_MAX_LINES] if line)


def _short(text: str) -> str:
    return one_line(text, _MAX_TEXT)
