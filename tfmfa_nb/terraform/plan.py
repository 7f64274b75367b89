"""The changes of a saved plan, from `terraform show -json`.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.ansi import strip_colors
from tfmfa_nb.terraform.dependencies import NO_LOCALS, dependencies_of
from tfmfa_nb.terraform.plan_checks import planned_checks
from tfmfa_nb.terraform.plan_document import masked_document
from tfmfa_nb.terraform.plan_table import to_dataframe
from tfmfa_nb.terraform.planned_providers import planned_providers
from tfmfa_nb.terraform.planned_values import planned_value
from tfmfa_nb.terraform.resource_changes import ACTIONS, NO_OP, Addresses, action_of, resource_change

if TYPE_CHECKING:
    from tfmfa_nb.terraform.dependencies import Locals

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


class Plan:
    """A saved plan: everything that Terraform's JSON says of it, without sensitive values.

    Args:
        document: the output of `terraform show -json PLAN`, from JSON.
        local_names: the names in the `locals` of each module, which the document does not have.

    Attributes:
        changes: every resource that changes.
        drift: resources that were changed outside of Terraform since the last run.
        relevant_drift: those of them by which the plan is affected.
        deferred: changes that Terraform leaves to a later plan.
        outputs: each output by name: {"action", "before", "after"}.
        checks: conditions of the configuration, with their results.
        dependencies: by the address of a resource, what it depends on; all without the keys of instances.
        providers: the provider configurations; None if the document does not have them.
        document: Terraform's JSON with sensitive values masked, for tools that read a plan, such as OPA and Checkov.

    Raises:
        ValueError: the document is not a plan.
    """

    def __init__(self, document: Any, local_names: Locals = NO_LOCALS) -> None:
        if not isinstance(document, dict):
            raise ValueError("not a plan")  # noqa: TRY004 - the same error as for invalid JSON
        self.providers = planned_providers(document) if "configuration" in document else None
        # Nothing else is kept of it: sensitive values are gone from here on.
        self.document = document = masked_document(document)
        every = [resource_change(resource) for resource in _tables(document.get("resource_changes"))]
        self.changes = tuple(change for change in every if change.action != NO_OP)
        drifted = (resource for resource in _tables(document.get("resource_drift")) if _drifted(resource))
        self.drift = tuple(resource_change(resource) for resource in drifted)
        relevant = {str(each.get("resource")) for each in _tables(document.get("relevant_attributes"))}
        self.relevant_drift = tuple(change for change in self.drift if change.address in relevant)
        self.deferred = tuple(
            resource_change(_table(each.get("resource_change")), str(each.get("reason")))
            for each in _tables(document.get("deferred_changes"))
        )
        self.checks = planned_checks(document.get("checks"))
        saved = document.get("dependencies")  # of an earlier kernel
        self.dependencies = saved if isinstance(saved, dict) else dependencies_of(document, local_names)
        self._applyable = document.get("applyable")
        self.outputs = {
            name: {
                "action": action_of(output),
                "before": planned_value(output.get("before"), None, output.get("before_sensitive")),
                "after": planned_value(output.get("after"), output.get("after_unknown"), output.get("after_sensitive")),
            }
            for name, output in _table(document.get("output_changes")).items()
            if isinstance(output, dict)
        }

    def to_dataframe(self, library: str = "") -> Any:
        """The changes as a table: one row for each resource, with its action, reason, module, type, and values.

        Args:
            library: "pandas" or "polars"; "" for the one that is imported already, or else the one that is installed.

        Raises:
            ConfigurationError: no such library is installed.
        """
        return to_dataframe(self.changes, library)

    def _addresses(self, *actions: str) -> Addresses:
        return Addresses(change.address for change in self.changes if change.action in actions)

    @property
    def creates(self) -> Addresses:
        """Addresses of resources to create; replacements are in `replaces`."""
        return self._addresses("create")

    @property
    def updates(self) -> Addresses:
        """Addresses of resources to update in place."""
        return self._addresses("update")

    @property
    def destroys(self) -> Addresses:
        """Addresses of resources to destroy, replacements included."""
        return self._addresses("delete", "replace")

    @property
    def replaces(self) -> Addresses:
        """Addresses of resources to replace."""
        return self._addresses("replace")

    @property
    def forgets(self) -> Addresses:
        """Addresses of resources that Terraform stops managing, without destroying them."""
        return self._addresses("forget")

    @property
    def imports(self) -> Addresses:
        """Addresses of resources to import, with or without changes."""
        return Addresses(change.address for change in self.changes if change.imported)

    @property
    def moves(self) -> Addresses:
        """New addresses of resources that were moved, with or without changes."""
        return Addresses(change.address for change in self.changes if change.moved_from)

    @property
    def drifts(self) -> Addresses:
        """Addresses of resources that were changed or deleted outside of Terraform."""
        return Addresses(change.address for change in self.drift)

    @property
    def counts(self) -> Counts:
        """The number of changes."""
        replaced = len(self.replaces)
        return Counts(
            add=len(self.creates) + replaced,
            change=len(self.updates),
            destroy=len(self.destroys),
            imported=len(self.imports),
        )

    @property
    def has_changes(self) -> bool:
        """Whether an apply would change a resource, an output or the state."""
        if isinstance(self._applyable, bool):  # Terraform's own answer, if it gives one
            return self._applyable
        return bool(self.changes) or any(output["action"] != NO_OP for output in self.outputs.values())

    def without_values(self) -> dict[str, Any]:
        """A document for another `Plan`: the addresses, actions, and dependencies, without any values."""
        actions = {name: list(words) for words, name in reversed(ACTIONS.items())}
        return {
            "applyable": self._applyable,
            "resource_changes": [
                {
                    "address": one.address,
                    "module_address": one.module,
                    "mode": one.mode,
                    "type": one.type,
                    "name": one.name,
                    "deposed": one.deposed,
                    "provider_name": one.provider,
                    "action_reason": one.reason if not one.replace_paths else None,
                    "change": {
                        "actions": actions.get(one.action, [NO_OP]),
                        **({"importing": {}} if one.imported else {}),
                        "replace_paths": [list(path) for path in one.replace_paths],
                    },
                    **({"previous_address": one.moved_from} if one.moved_from else {}),
                }
                for one in self.changes
            ],
            "dependencies": self.dependencies,
            "resource_drift": [{"address": address} for address in self.drifts],
        }

    def __str__(self) -> str:
        return "\n".join(map(str, self.changes)) or "No changes to resources."

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows of it: the changes, and Terraform's count of them."""
        counts = self.counts
        imported = f"{counts.imported} to import, " if counts.imported else ""
        total = f"Plan: {imported}{counts.add} to add, {counts.change} to change, {counts.destroy} to destroy."
        return {"text/plain": f"{self}\n{total}" if self.changes else str(self)}

    def __repr__(self) -> str:
        counts = self.counts
        return f"<Plan +{counts.add} ~{counts.change} -{counts.destroy}>"


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


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
