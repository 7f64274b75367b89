"""Why Terraform plans an action, in words.

https://developer.hashicorp.com/terraform/internals/json-format#plan-representation (`action_reason`)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORDS = {
    "replace_because_tainted": "tainted",
    "replace_because_cannot_update": "cannot be updated in place",
    "replace_by_request": "requested with -replace",
    "replace_by_triggers": "replace_triggered_by has changed",
    "delete_because_no_resource_config": "no longer in the configuration",
    "delete_because_wrong_repetition": "its index does not fit count or for_each any more",
    "delete_because_count_index": "its index is out of range for count",
    "delete_because_each_key": "its key is no longer in for_each",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_no_move_target": "it was moved to an address that is not in the configuration",
    "read_because_config_unknown": "its configuration depends on values known after apply",
    "read_because_dependency_pending": "it depends on a change in this plan",
    "read_because_check_nested": "it belongs to a check block",
}
_DEFERRED = {
    "instance_count_unknown": "its count or for_each is not known yet",
    "resource_config_unknown": "its configuration is not known yet",
    "provider_config_unknown": "its provider's configuration is not known yet",
    "absent_prereq": "something that it needs does not exist yet",
    "deferred_prereq": "it depends on a deferred change",
}


def reason_in_words(reason: Any, replace_paths: Sequence[Sequence[str | int]] = ()) -> str:
    """Why the action of a change is planned: "tainted", "ami forces replacement"; "" if Terraform does not say.

    Args:
        reason: `action_reason` of the JSON; a newer Terraform may have others, which are read out. Words stay words.
        replace_paths: paths of the attributes that force the replacement.
    """
    if replace_paths and reason in {None, "", "replace_because_cannot_update"}:
        names = [path_text(path) for path in replace_paths]
        return f"{' and '.join(names)} {'force' if len(names) > 1 else 'forces'} replacement"
    return _said(reason, _WORDS)


def deferral_in_words(reason: Any) -> str:
    """Why a change is deferred to a later plan."""
    return _said(reason, _DEFERRED)


def path_text(path: Sequence[str | int]) -> str:
    """A path of attributes as HCL writes it: `root_block_device[0].volume_type`, `tags["a b"]`."""
    text = ""
    for step in path:
        if isinstance(step, str) and step.replace("-", "_").isidentifier():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]' if isinstance(step, str) else f"[{step}]"
    return text


def _said(reason: Any, words: dict[str, str]) -> str:
    if not isinstance(reason, str):
        return ""
    return words.get(reason) or (reason if " " in reason else reason.replace("_", " "))
