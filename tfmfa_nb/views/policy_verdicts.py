"""How the policy checks have judged a plan: on its card, and as lines of text. What failed comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.ansi import RESET
from tfmfa_nb.protocol.messages import PolicyCheckResult
from tfmfa_nb.protocol.words import count
from tfmfa_nb.views.plan_review import Entry, Section
from tfmfa_nb.views.sanitize import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.model.check_results import CheckResult
    from tfmfa_nb.runs.run import Run

_MOST, _ROOM = 20, 12_000  # checks, and characters of all of them
_MAX_OUTPUT, _MAX_LINE = 1_900, 300  # characters; below what a message may have


def card_policy_checks(run: Run) -> tuple[tuple[PolicyCheckResult, ...], int]:
    """The first results, sanitized, and the number of the others."""
    kept: list[PolicyCheckResult] = []
    room = _ROOM
    for result in _ordered(run):
        shown = PolicyCheckResult(
            passed=result.passed,
            sentence=one_line(result.sentence, _MAX_LINE),
            command=_command(result),
            source=one_line(result.source, _MAX_LINE),
            output=_end_of(result.output),
        )
        room -= len(shown.command) + len(shown.output)
        if room < 0 or len(kept) == _MOST:
            break
        kept.append(shown)
    return tuple(kept), len(run.policy_checks) - len(kept)


def policy_sections(run: Run) -> list[Section]:
    """Each check with its command, and the end of what it printed; nothing where none has judged the plan."""
    results = _ordered(run)
    entries = [Entry(_head(result), _details(result)) for result in results[:_MOST]]
    return [Section(f"Policy checks ({count(len(results))})", entries, len(results))] if results else []


def _ordered(run: Run) -> list[CheckResult]:
    return sorted(run.policy_checks, key=lambda result: result.passed)


def _head(result: CheckResult) -> str:
    sign, color = ("✓", "32") if result.passed else ("✗", "31")
    return f"\x1b[1;{color}m  {sign} {one_line(result.sentence, _MAX_LINE)}{RESET}"


def _details(result: CheckResult) -> Iterator[str]:
    yield f"      Command: {_command(result)}"
    if result.source:
        yield f"      Demanded by: {one_line(result.source, _MAX_LINE)}"
    if output := _end_of(result.output):
        yield from (f"      {line}" for line in output.split("\n"))


def _command(result: CheckResult) -> str:
    """Its command line; of an earlier version's record, its program."""
    return one_line(result.command or result.program, _MAX_LINE)


def _end_of(output: str) -> str:
    """The last lines of an output, as far as there is room: there checks say what they have found."""
    text = plain(output).rstrip()
    if len(text) <= _MAX_OUTPUT:
        return text
    first, _, others = (end := text[-_MAX_OUTPUT:]).partition("\n")
    return f"…\n{others}" if others and first else f"… {end}"
