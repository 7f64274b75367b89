"""The changes of a saved plan, from `terraform show -json`.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from tfmfa_nb.model.ansi import strip_colors
from tfmfa_nb.protocol.words import action_sign
from tfmfa_nb.terraform.planned_providers import planned_providers
from tfmfa_nb.terraform.sensitive_values import mask_sensitive

_ACTIONS = {
    ("no-op",): "no-op",
    ("create",): "create",
    ("read",): "read",
    ("update",): "update",
    ("delete",): "delete",
    ("forget",): "forget",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "create",  # the old object remains, unmanaged
    ("forget", "create"): "create",
}
_SUMMARY = re.compile(
    r"^Plan: (?:(?P<imported>\d+) to import, )?(?P<add>\d+) to add, (?P<change>\d+) to change, "
    r"(?P<destroy>\d+) to destroy",
    re.MULTILINE,  # only at the start of a line: an output's value may have the same words
)


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of changes, counted as Terraform does: a replacement is one to add and one to destroy."""

    add: int = 0
    change: int = 0
    destroy: int = 0
    imported: int = 0

    def as_dict(self) -> dict[str, int]:
        """The four numbers by name."""
        return asdict(self)


def parse_summary(text: str) -> Counts | None:
    """The counts in Terraform's last line "Plan: 2 to add, …"; None if there is no such line.

    Terraform also prints that line before an error: rely on it only if the command succeeded.
    """
    found = None
    for found in _SUMMARY.finditer(strip_colors(text)):  # noqa: B007 - the last match counts
        pass
    return Counts(**{name: int(number or 0) for name, number in found.groupdict().items()}) if found else None


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """The change of one resource; sensitive values are "(sensitive)".

    Attributes:
        action: create, update, delete, replace, read, forget, import (without changes), no-op (only moved).
        imported: whether the resource is imported, with or without changes.
        moved_from: the former address; "" if the resource was not moved.
        deposed: the key of a deposed object, if the change is about one; "" otherwise.
    """

    address: str
    type: str
    name: str
    action: str
    before: Any = field(repr=False, default=None)
    after: Any = field(repr=False, default=None)
    imported: bool = False
    moved_from: str = ""
    deposed: str = ""

    def __str__(self) -> str:
        deposed = f" (deposed object {self.deposed})" if self.deposed else ""
        moved = f" (moved from {self.moved_from})" if self.moved_from else ""
        return f"{action_sign(self.action):>3} {self.address}{deposed}{moved}"


class Plan:
    """A saved plan.

    Args:
        document: the output of `terraform show -json PLAN`, from JSON.

    Attributes:
        changes: every resource that changes.
        drift: resources that were changed outside of Terraform since the last run.
        outputs: the new value of each output, with its action.
        providers: the provider configurations; None if the document does not have them.

    Raises:
        ValueError: the document is not a plan.
    """

    def __init__(self, document: Any) -> None:
        if not isinstance(document, dict):
            raise ValueError("not a plan")  # noqa: TRY004 - the same error as for invalid JSON
        self.providers = planned_providers(document) if "configuration" in document else None
        every = [_change(resource) for resource in _tables(document.get("resource_changes"))]
        self.changes = tuple(change for change in every if change.action != "no-op" or change.moved_from)
        drifted = (resource for resource in _tables(document.get("resource_drift")) if _drifted(resource))
        self.drift = tuple(_change(resource) for resource in drifted)
        self._applyable = document.get("applyable")
        self.outputs = {
            name: {
                "action": _action(output),
                "after": mask_sensitive(output.get("after"), output.get("after_sensitive")),
            }
            for name, output in _table(document.get("output_changes")).items()
            if isinstance(output, dict)
        }

    def _addresses(self, *actions: str) -> tuple[str, ...]:
        return tuple(change.address for change in self.changes if change.action in actions)

    @property
    def creates(self) -> tuple[str, ...]:
        """Addresses of resources to create; replacements are in `replaces`."""
        return self._addresses("create")

    @property
    def updates(self) -> tuple[str, ...]:
        """Addresses of resources to update in place."""
        return self._addresses("update")

    @property
    def destroys(self) -> tuple[str, ...]:
        """Addresses of resources to destroy, replacements included."""
        return self._addresses("delete", "replace")

    @property
    def replaces(self) -> tuple[str, ...]:
        """Addresses of resources to replace."""
        return self._addresses("replace")

    @property
    def drifts(self) -> tuple[str, ...]:
        """Addresses of resources that were changed or deleted outside of Terraform."""
        return tuple(change.address for change in self.drift)

    @property
    def counts(self) -> Counts:
        """The number of changes."""
        replaced = len(self.replaces)
        return Counts(
            add=len(self.creates) + replaced,
            change=len(self.updates),
            destroy=len(self.destroys),
            imported=sum(change.imported for change in self.changes),
        )

    @property
    def has_changes(self) -> bool:
        """Whether an apply would change a resource, an output or the state."""
        if isinstance(self._applyable, bool):  # Terraform's own answer, if it gives one
            return self._applyable
        return bool(self.changes) or any(output["action"] != "no-op" for output in self.outputs.values())

    def without_values(self) -> dict[str, Any]:
        """A document for another `Plan`: the addresses and actions of the changes, without any values."""
        actions = {name: list(words) for words, name in reversed(_ACTIONS.items())}
        return {
            "applyable": self._applyable,
            "resource_changes": [
                {
                    "address": one.address,
                    "type": one.type,
                    "name": one.name,
                    "change": {
                        "actions": actions.get(one.action, ["no-op"]),
                        **({"importing": {}} if one.imported else {}),
                    },
                    **({"previous_address": one.moved_from} if one.moved_from else {}),
                }
                for one in self.changes
            ],
            "resource_drift": [{"address": address} for address in self.drifts],
        }

    def __str__(self) -> str:
        return "\n".join(map(str, self.changes)) or "No changes to resources."

    def __repr__(self) -> str:
        counts = self.counts
        return f"<Plan +{counts.add} ~{counts.change} -{counts.destroy}>"


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _action(change: dict[str, Any]) -> str:
    actions = change.get("actions")
    return _ACTIONS.get(tuple(map(str, actions)) if isinstance(actions, list) else (), "update")


def _change(resource: dict[str, Any]) -> ResourceChange:
    change = _table(resource.get("change"))
    action = _action(change)
    imported = change.get("importing") is not None
    return ResourceChange(
        address=str(resource.get("address", "")),
        type=str(resource.get("type", "")),
        name=str(resource.get("name", "")),
        action="import" if imported and action == "no-op" else action,
        before=mask_sensitive(change.get("before"), change.get("before_sensitive")),
        after=mask_sensitive(change.get("after"), change.get("after_sensitive")),
        imported=imported,
        moved_from=str(resource.get("previous_address") or ""),
        deposed=str(resource.get("deposed") or ""),
    )


def _drifted(resource: dict[str, Any]) -> bool:
    """Whether a resource differs in more than an unset map or list that was read back as an empty one."""
    change = resource.get("change")
    if not isinstance(change, dict):
        return False
    return "before" not in change or _without_empty(change["before"]) != _without_empty(change.get("after"))


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, {}, [], "")} or None
    if isinstance(value, list):
        return [_without_empty(item) for item in value] or None
    return value
