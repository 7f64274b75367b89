"""What tells a planned change from another one, without its values: for comparing it with the plans of other runs.

Only a keyed digest is kept of the values. What Terraform marks as sensitive is not even in that: a change of nothing
but a sensitive value is the same as before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.decimals import number_text
from tfmfa_nb.terraform.sensitive_values import Placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tfmfa_nb.terraform.plan import Plan
    from tfmfa_nb.terraform.resource_changes import ResourceChange

_SIZE = 16  # bytes; enough that no two changes of one resource are ever taken for the same


def subject_of(change: ResourceChange) -> str:
    """What a change is about: an address, or one deposed object of it."""
    return f"{change.address} (deposed object {change.deposed})" if change.deposed else change.address


def change_digest(change: ResourceChange, key: bytes) -> str:
    """The digest of a change: its action, and its attributes before and after, with placeholders.

    Args:
        change: a change of a plan.
        key: without it, nobody can find out a value by trying.
    """
    return _digest([change.action, change.moved_from, change.import_id], (change.before, change.after), key)


def output_changes(plan: Plan, key: bytes) -> dict[str, tuple[str, str]]:
    """The action and the digest of each output that a plan changes, by what it is about: `output NAME`.

    No address of a resource has a space there.
    """
    return {
        f"output {name}": (each["action"], _digest([each["action"]], (each["before"], each["after"]), key))
        for name, each in plan.outputs.items()
        if each["action"] != "no-op"
    }


def _digest(words: Sequence[str], values: Iterable[Any], key: bytes) -> str:
    text = json.dumps([*words, *map(_told_apart, values)], sort_keys=True, default=number_text)
    return hmac.digest(key, text.encode(), hashlib.sha256)[:_SIZE].hex()


def _told_apart(value: Any) -> Any:
    """`value`, in which no text is the same as a placeholder."""
    if isinstance(value, Placeholder):
        return ["placeholder", str(value)]
    if isinstance(value, dict):
        return {name: _told_apart(item) for name, item in value.items()}
    return ["list", *map(_told_apart, value)] if isinstance(value, list) else value
