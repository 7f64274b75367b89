"""The words that kernel and front ends have for the same things: names, signs, icons, durations and numbers.

`typescript` writes the tables for the front end; the functions stand there once more, and `protocol_cases.json` holds
both to the same answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.indicator import LockIndicator
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

CELL_MAGICS = ("tfplan", "tfapply")
"""The magics whose cells hold HCL."""

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
    LockIndicator.FAILED: "MFA failed",
}

LOCK_INDICATOR_ICONS: Mapping[LockIndicator, str] = {each: f"lock-{each}" for each in LockIndicator}

STATUS_NAMES: Mapping[Status, str] = {each: each.replace("_", " ").capitalize() for each in Status}
"""HCP Terraform's names, as its pages write them."""

STATUS_ICONS: Mapping[Status, str] = {
    Status.PENDING: "waiting",
    Status.PLANNING: "turning",
    Status.PLANNED: "paused",
    Status.PLANNED_AND_FINISHED: "good",
    Status.CONFIRMED: "turning",
    Status.APPLYING: "turning",
    Status.APPLIED: "good",
    Status.ERRORED: "bad",
    Status.DISCARDED: "stopped",
    Status.CANCELED: "stopped",
}

FINAL_STATUSES = tuple(each for each in Status if each.final)

QUESTION_NAMES = {"code": "waiting for a code", "confirm": "waiting for your confirmation"}
"""What a run is doing while it asks, where its status would stand."""

HOP_NAMES = {
    "unchecked": "not checked yet",
    "checking": "checking",
    "assumed": "can be assumed",
    "refused": "refused",
}
"""Whether a role can be assumed."""

HOP_ICONS = {"unchecked": "open", "checking": "turning", "assumed": "good", "refused": "bad"}

ACTION_SIGNS = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "replace": "-/+",
    "read": "<=",
    "forget": ".",
    "import": "<-",
    "no-op": " ",
}
"""What is done with a resource, in the signs of Terraform's own plan."""


def status_name(status: str) -> str:
    """HCP Terraform's name of the status; the status itself where it has none."""
    return STATUS_NAMES.get(status, status)  # type: ignore[call-overload,no-any-return]  # a StrEnum's key is its text


def lock_indicator_name(lock_indicator: str) -> str:
    """The lock indicator's state in two words; the state itself where it has none."""
    return LOCK_INDICATOR_NAMES.get(lock_indicator, lock_indicator)  # type: ignore[call-overload,no-any-return]


def action_sign(action: str) -> str:
    """The action's sign; a blank where it has none."""
    return ACTION_SIGNS.get(action, " ")


def counts_text(counts: Mapping[str, int] | None) -> str:
    """`+2 ~1 -0`, and what is imported where anything is; empty where nothing is known."""
    if not counts:
        return ""
    add, change, destroy, imported = (counts.get(name, 0) for name in ("add", "change", "destroy", "imported"))
    shown = f"+{count(add)} ~{count(change)} -{count(destroy)}"
    return f"{shown}, {count(imported)} imported" if imported else shown


def duration(seconds: float) -> str:
    """0:42, 12:05, 1:02:33."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def count(value: int) -> str:
    """1,234,567."""
    return f"{value:,}"
