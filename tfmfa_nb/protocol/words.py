"""The words that the kernel and the front ends share: names, signs, icons, durations, and numbers.

`typescript` generates the tables for the front end. The front end has its own copy of the functions; the cases in
`protocol_cases.json` test both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.lock_indicator import LockIndicator
from tfmfa_nb.model.statuses import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

CELL_MAGICS = ("tfplan", "tfapply")
"""The magics whose cells contain HCL."""

COMMAND_MAGICS = (
    *("tf", "tfstate", "tfimport", "tfoutput", "tfconsole", "tfvalidate", "tftest", "tfgraph", "tfproviders"),
)
"""The magics that run Terraform's other commands; no HCL stands in their cells."""

LEVEL_MEANINGS: Mapping[Level, str] = {
    Level.NEVER: "Plans and applies run without a code.",
    Level.APPLIES_ONLY: "Plans run without a code; every apply asks for one.",
    Level.PLANS_AND_APPLIES: "Every plan asks for a code, and every apply for another one.",
}

LOCK_INDICATOR_NAMES: Mapping[LockIndicator, str] = {
    LockIndicator.OPEN: "MFA not required",
    LockIndicator.REQUIRED: "MFA required",
    LockIndicator.VERIFYING: "MFA verifying",
    LockIndicator.AUTHENTICATED: "MFA authenticated",
    LockIndicator.FAILED: "MFA gate: refused",
}

LOCK_INDICATOR_ICONS: Mapping[LockIndicator, str] = {each: f"lock-{each}" for each in LockIndicator}

STATUS_NAMES: Mapping[Status, str] = {each: each.replace("_", " ").capitalize() for each in Status}
"""The names of HCP Terraform."""

STATUS_ICONS: Mapping[Status, str] = {
    Status.PENDING: "waiting",
    Status.PLANNING: "turning",
    Status.PLANNED: "paused",
    Status.PLANNED_AND_FINISHED: "good",
    Status.CONFIRMED: "turning",
    Status.APPLYING: "turning",
    Status.APPLIED: "good",
    Status.RUNNING: "turning",
    Status.FINISHED: "good",
    Status.ERRORED: "bad",
    Status.DISCARDED: "stopped",
    Status.CANCELED: "stopped",
}

FINAL_STATUSES = tuple(each for each in Status if each.final)

QUESTION_NAMES = {
    "code": "waiting for a code",
    "confirm": "waiting for your confirmation",
    "selection": "waiting for your selection",
}
"""What a run, or a fleet, is waiting for, shown in place of its status."""

HOP_NAMES = {
    "unchecked": "not checked yet",
    "checking": "checking",
    "assumed": "can be assumed",
    "refused": "refused",
}
"""Whether a role can be assumed."""

HOP_ICONS = {"unchecked": "open", "checking": "turning", "assumed": "good", "refused": "bad"}

APPLY_NAMES = {
    "failed": "failed",
    "running": "running",
    "waiting": "waiting",
    "done": "done",
    "interrupted": "interrupted",
    "not_started": "not started",
}
"""How far the apply of a change is; the last two where the whole apply has ended."""

APPLY_ICONS = {
    "failed": "bad",
    "running": "turning",
    "waiting": "waiting",
    "done": "good",
    "interrupted": "warning",
    "not_started": "stopped",
}

ACTION_SIGNS = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "replace": "-/+",
    "read": "<=",
    "forget": ".",
    "import": "<-",
    "move": "->",
}
"""The action on a resource, with the signs of Terraform's plan."""

ACTION_NAMES = {
    "create": "create",
    "update": "update",
    "delete": "destroy",
    "replace": "replace",
    "read": "read",
    "forget": "forget",
    "import": "import",
    "move": "move",
}
"""The action on a resource, in Terraform's words."""

SEVERE_ACTIONS = ("delete", "replace", "forget")
"""What a person must not miss, the worst first."""

ACTION_VERBS = {
    "create": "add",
    "update": "change",
    "delete": "destroy",
    "replace": "replace",
    "import": "import",
    "move": "move",
    "forget": "remove from the state",
}
"""What a decision counts, in the order of Terraform's own summary, and what each does to a resource."""

COUNTED_ACTIONS = ("create", "update", "delete")
"""Those that it counts also where there are none."""

NO_CHANGES = "no changes to resources"
"""What stands in place of the numbers where all are zero."""


def status_name(status: str) -> str:
    """HCP Terraform's name of the status, or the status itself if it is unknown."""
    return STATUS_NAMES.get(status, status)  # type: ignore[call-overload,no-any-return]  # a StrEnum's key is its text


def lock_indicator_name(lock_indicator: str) -> str:
    """The name of the lock indicator's state, or the state itself if it is unknown."""
    return LOCK_INDICATOR_NAMES.get(lock_indicator, lock_indicator)  # type: ignore[call-overload,no-any-return]


def action_sign(action: str) -> str:
    """The sign of the action; a space if it is unknown."""
    return ACTION_SIGNS.get(action, " ")


def action_name(action: str) -> str:
    """The action in Terraform's words, or the action itself if it is unknown."""
    return ACTION_NAMES.get(action, action)


def counts_text(counts: Mapping[str, int] | None) -> str:
    """`+2 ~1 -0`, with the number of imports if there are any; empty if the counts are unknown."""
    if not counts:
        return ""
    add, change, destroy, imported = (counts.get(name, 0) for name in ("add", "change", "destroy", "imported"))
    text = f"+{count(add)} ~{count(change)} -{count(destroy)}"
    return f"{text}, {count(imported)} imported" if imported else text


def duration(seconds: float) -> str:
    """0:42, 12:05, 1:02:33."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def count(value: int) -> str:
    """1,234,567."""
    return f"{value:,}"
