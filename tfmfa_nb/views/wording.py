"""The state of a run as sentences, the same in every view; the words are in `protocol.words`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tfmfa_nb.model.statuses import Phase, Status
from tfmfa_nb.protocol.decision import decision_of, severe_of
from tfmfa_nb.protocol.words import count, counts_text, lock_indicator_name, status_name
from tfmfa_nb.views.sanitize import brief, one_line, plain

if TYPE_CHECKING:
    from tfmfa_nb.protocol.decision import Decision, SevereChange
    from tfmfa_nb.runs.comparison import Comparison
    from tfmfa_nb.runs.run import Run

# AWS limits a policy to 6,144 characters, not counting white space.
_MAX_DOCUMENTS, _MAX_TITLE, _MAX_TEXT = 6, 300, 8_000
_MAX_CHECKS, _MAX_CHECK = 5, 300
_SHORT_HASH = 12  # characters
_FINAL = frozenset(status for status in Status if status.final)


def status_sentence(run: Run) -> str:
    """One line: `staging: Planned +2 ~1 -0`; empty while the run is still pending."""
    if run.status == "pending":
        return ""
    return f"{plain(place_of(run))}: {status_words(run)}"


def place_of(run: Run) -> str:
    """The environment of `run`, with Terraform's workspace unless it is the default one."""
    return run.environment if run.workspace in {"", "default"} else f"{run.environment} (workspace {run.workspace})"


def command_text(run: Run) -> str:
    """The command of Terraform's that a run is for, with what follows it; "" for a plan and its apply."""
    return " ".join([run.command, *run.arguments]).strip()


def decision_about(run: Run) -> Decision | None:
    """What the plan of `run` does, and what its apply has made of what it destroys; None while there is no plan."""
    steps, ended = partial(_steps_of, run), run.status in _FINAL
    return decision_of(run.counts, run.changes, steps, ended=ended, applied=run.status == Status.APPLIED)


def severe_about(run: Run, most: int) -> tuple[tuple[SevereChange, ...], int]:
    """What the plan of `run` destroys, replaces, or forgets: the first `most`, and how many others there are."""
    return severe_of(run.changes, partial(_steps_of, run), ended=run.status in _FINAL, most=most)


def _steps_of(run: Run, address: str) -> dict[str, str]:
    """How far the apply of a resource is, by the actions of its steps."""
    found = {each.action: str(each.state) for each in run.applies.of(address)}
    # What is forgotten has no step, and the events of an old run may be gone.
    return found or (dict.fromkeys(("delete", "create", "forget"), "done") if run.status == Status.APPLIED else {})


def status_words(run: Run) -> str:
    """The status of `run`: `Planned +2 ~1 -0`, `State unlocked`, `Finished (state mv a b)`."""
    if run.phase == Phase.UNLOCK:
        return ("State not unlocked" if run.error else "State unlocked") if run.ended_at else "Unlocking the state"
    if run.command:
        return f"{status_name(run.status)} ({brief(command_text(run), _MAX_TITLE)})"
    counts, checks = counts_text(run.counts), failed_checks_text(run)
    return f"{status_name(run.status)}{' ' + counts if counts else ''}{', ' + checks if checks else ''}"


def failed_checks_text(run: Run) -> str:
    """`1 check failed`; "" if none did. A failed check stops nothing, so no status says that there is one."""
    number = len(run.failed_checks)
    return f"{count(number)} {'check' if number == 1 else 'checks'} failed" if number else ""


def lock_sentence(run: Run) -> str:
    """The lock indicator as one line of text; the remedy follows the problem."""
    words = f"{plain(run.lock_indicator_text)} {plain(run.lock_indicator_remedy)}".strip()
    return f"[{lock_indicator_name(run.lock_indicator)}] {words}".strip()


def program_text(run: Run) -> str:
    """The file of the program, with the first characters of its hash; the record has the whole hash."""
    path, sha256 = run.program.get("path", ""), run.program.get("sha256", "")
    return f"{path} (SHA-256 {sha256[:_SHORT_HASH]}…)" if sha256 else str(path)


def policy_text(run: Run) -> str:
    """The files of the organization policy in force, likewise; "none" without one, "" while nothing has started."""
    files = [f"{path} (SHA-256 {sha256[:_SHORT_HASH]}…)" for path, sha256 in run.policy.items()]
    return ", ".join(files) or ("none" if run.product else "")


def checks_of(run: Run) -> list[str]:
    """The checks that failed, one sentence each, limited in number and length."""
    sentences = []
    for check in run.failed_checks[:_MAX_CHECKS]:
        name = f"The check {check['name']} failed: {check['message']}" if check["name"] else check["message"]
        sentences.append(brief(f"{check['place']}: {name}", _MAX_CHECK))
    more = len(run.failed_checks) - len(sentences)
    return [*sentences, *([f"{more:,} more checks failed; see the log."] if more else [])]


def comparison_text(comparison: Comparison) -> str:
    """How a plan stands to an earlier one: a sentence, and a line for each change."""
    return "\n".join(one_line(line, _MAX_TITLE) for line in comparison.lines())


def documents_of(run: Run) -> list[tuple[str, str]]:
    """The documents that fix the run's error, as (title, text), sanitized and limited in number and size."""
    return [
        (brief(str(one.get("title", "")), _MAX_TITLE), brief(str(one.get("text", "")), _MAX_TEXT))
        for one in run.error_documents[:_MAX_DOCUMENTS]
    ]
