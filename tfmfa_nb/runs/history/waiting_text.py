"""What a person reads before they answer a waiting run from elsewhere: who asks, for what, and with which roles."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.decision import decision_of, decision_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tfmfa_nb.protocol.records import RunRecord
    from tfmfa_nb.protocol.waiting_run import WaitingRun

_LOST = {"delete", "replace", "forget"}
_MOST = 20  # changes and roles that are named; the plan and its log have them all


def approval_lines(
    waiting: WaitingRun, record: RunRecord, folder: str, changes: Sequence[Mapping[str, str]]
) -> list[str]:
    """The lines, of which none has been sanitized.

    Args:
        waiting: what the run says.
        record: the run's record in it.
        folder: folder of its environment.
        changes: the changes of its plan: action, address; empty where they are not known.
    """
    identity = record.identity
    alias = f"({identity['alias']})" if identity.get("alias") else ""
    notebook = f", notebook {waiting.notebook}" if waiting.notebook else ""
    facts = {
        "Run": f"{record.id}, {record.purpose}",
        "Environment": f"{record.environment} ({folder})",
        "Workspace": record.workspace,
        "Asked by": f"{waiting.user} on {waiting.host}{notebook}",
        "Requested by": record.requested_by,
        "Account": f"{identity.get('account', '')} {alias}".strip(),
        "User": identity.get("arn", ""),
        "Plan": decision_text(decision) if (decision := decision_of(record.counts, changes)) else "",
        "SHA-256": record.plan_sha256,
    }
    lines = [f"{name + ':':<14}{text}" for name, text in facts.items() if text]
    return [*lines, *_named("Roles", list(_roles(record))), *_named("Changes", list(_changes(changes)))]


def refusal_line(waiting: WaitingRun) -> str:
    """Why the code before was refused, and what to do; "" if none was."""
    seconds = waiting.next_code_at - time.time()
    wait = f"The next code appears in {seconds:.0f} s." if seconds > 0 else ""
    return " ".join(filter(None, [waiting.problem, waiting.remedy, wait])) if waiting.problem else ""


def _roles(record: RunRecord) -> Iterator[str]:
    for chain in record.chains:
        yield " → ".join(hop.role_arn or "a role that is not known" for hop in chain.hops)


def _changes(changes: Sequence[Mapping[str, str]]) -> Iterator[str]:
    # What is lost comes first: only so many are named.
    for change in sorted(changes, key=lambda each: each["action"] not in _LOST):
        yield f"{change['action']} {change['address']}"


def _named(title: str, texts: Sequence[str]) -> list[str]:
    more = len(texts) - _MOST
    shown = [*texts[:_MOST], *([f"and {more:,} more"] if more > 0 else [])]
    return [f"{title}:", *(f"  {text}" for text in shown)] if shown else []
