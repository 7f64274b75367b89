"""A run's state in words for people, the same wherever it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.views.sanitize import brief, plain

if TYPE_CHECKING:
    from tfmfa_nb.runs.run import Run

# A policy that AWS takes has at most 6,144 characters without its blanks.
_MOST_DOCUMENTS, _MOST_TITLE, _MOST_TEXT = 6, 300, 8_000

MEANING = {
    Level.NEVER: "Plans and applies run without a code.",
    Level.APPLIES_ONLY: "Plans run without a code; every apply asks for one.",
    Level.PLANS_AND_APPLIES: "Every plan asks for a code, and every apply for another one.",
}
_LOCKS = {
    LockIndicator.OPEN: "MFA not required",
    LockIndicator.REQUIRED: "MFA required",
    LockIndicator.VERIFYING: "MFA verifying",
    LockIndicator.AUTHENTICATED: "MFA authenticated",
    LockIndicator.FAILED: "MFA failed",
}


def status_name(status: str) -> str:
    """HCP Terraform's name of the status as its pages write it: Planned and finished."""
    return status.replace("_", " ").capitalize()


def status_sentence(run: Run) -> str:
    """One line: `staging: Planned +2 ~1 -0`; empty while the run is still pending."""
    if run.status == "pending":
        return ""
    return f"{plain(run.environment)}: {status_words(run)}"


def status_words(run: Run) -> str:
    """What became of `run`, or of the lock that it met: `Planned +2 ~1 -0`, `State unlocked`."""
    if run.phase == Phase.UNLOCK:
        return ("State not unlocked" if run.error else "State unlocked") if run.ended_at else "Unlocking the state"
    counts = counts_text(run.counts)
    return f"{status_name(run.status)}{' ' + counts if counts else ''}"


def lock_sentence(run: Run) -> str:
    """The lock indicator as one line of text; the remedy follows the problem."""
    words = f"{plain(run.lock_indicator_text)} {plain(run.lock_indicator_remedy)}".strip()
    return f"[{lock_name(run.lock_indicator)}] {words}".strip()


def lock_name(lock: str) -> str:
    """The lock indicator's state in two words."""
    return _LOCKS.get(lock, lock)  # type: ignore[call-overload,no-any-return]  # a StrEnum's key is its text


def documents_of(run: Run) -> list[tuple[str, str]]:
    """What mends the run's error, as titles and texts: made visible, and no more of it than a person reads."""
    return [
        (brief(str(one.get("title", "")), _MOST_TITLE), brief(str(one.get("text", "")), _MOST_TEXT))
        for one in run.error_documents[:_MOST_DOCUMENTS]
    ]


def counts_text(counts: dict[str, int] | None) -> str:
    """`+2 ~1 -0`, and what is imported where anything is; empty where nothing is known."""
    if not counts:
        return ""
    shown = f"+{counts.get('add', 0)} ~{counts.get('change', 0)} -{counts.get('destroy', 0)}"
    return f"{shown}, {counts['imported']} imported" if counts.get("imported") else shown


def duration(seconds: float) -> str:
    """0:42, 12:05, 1:02:33."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
