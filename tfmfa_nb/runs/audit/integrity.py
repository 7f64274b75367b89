"""Whether an audit trail is what was written: its hash chain, and this machine's own record of it, in sentences."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.runs.audit.trail_index import CHANGED
from tfmfa_nb.runs.audit.witness import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.runs.audit.trail import AuditTrail
    from tfmfa_nb.runs.audit.witness import Witnessed


def trail_problem(trail: AuditTrail, *, whole: bool = False) -> Problem | None:
    """What is wrong with the trail as it is now; None if nothing is.

    A trail that was moved here with its folder has no record on this machine: then only its chain speaks.

    Args:
        trail: the trail.
        whole: True to read all of it, also if it is as this machine left it by what the file system says.

    Raises:
        ConfigurationError: the trail or the record cannot be read.
    """
    if not whole and trail.as_left:
        return None
    known, change, number = trail.witness.read(), trail.change(), trail.broken_at()
    if known is not None and change is not None:
        lines = trail.raw_lines()
        count = len(lines) - (1 if trail.torn_bytes() else 0)
        what = _sentence(trail, change, count, known.differing(lines) or known)
    elif number is not None:
        what = f"The audit trail {trail.path} was changed: line {number} does not match the line before."
    else:
        return None
    records = " and ".join(str(path) for path in trail.witness.paths if path.exists())
    record = f", with this machine's record of it, {records}" if records else ""
    return Problem(what, f"Find out who changed it. To begin anew, move it away{record}.")


def torn_sentence(trail: AuditTrail) -> str:
    """A sentence about torn bytes at the end of the trail, which no line seals yet; "" if there are none.

    Raises:
        ConfigurationError: the trail cannot be read.
    """
    size = 0 if trail.as_left else trail.torn_bytes()
    if not size:
        return ""
    return (
        f"The last line of the audit trail {trail.path} is torn ({size:,} bytes), as after a power failure. The next "
        "line seals it."
    )


def change_since_last_run(trail: AuditTrail) -> str:
    """A sentence about a change of the trail that a line of it reports, and no run has begun since; "" if none is.

    The line may be that of a plan that was discarded, which tells nobody.

    Raises:
        ConfigurationError: the trail cannot be read.
    """
    with closing(trail.newest_first()) as lines:
        last = next((line for line in lines if line.get("event") in {"phase", CHANGED}), {})
    if last.get("event") != CHANGED:
        return ""
    return f"The audit trail {trail.path} was changed ({last.get('found')}), so it confirms no run from before that."


def lines_since_change(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries behind the last one that says that the trail before it had been changed; all if none says so."""
    changed = [number for number, line in enumerate(lines, start=1) if line.get("event") == CHANGED]
    return list(lines[changed[-1] :] if changed else lines)


def _sentence(trail: AuditTrail, change: Change, lines: int, known: Witnessed) -> str:
    path = trail.path
    if change is Change.GONE:
        return f"The audit trail {path} is gone: by this machine's record, it had {_count(known.lines)}."
    if change is Change.SHORTER:
        return f"The audit trail {path} was cut: it has {_count(lines)}, and by this machine's record {known.lines:,}."
    if change is Change.REWRITTEN:
        return f"The audit trail {path} was rewritten: line {known.lines:,} is not the one that this machine recorded."
    return (
        f"The audit trail {path} has lines that were not written here: it has {_count(lines)}, and by this machine's "
        f"record {known.lines:,}."
    )


def _count(lines: int) -> str:
    return f"{lines:,} {'line' if lines == 1 else 'lines'}"
