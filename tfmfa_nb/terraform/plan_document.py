"""Terraform's JSON of a plan without its sensitive values, for tools that read such plans.

Terraform marks sensitive values, and prints them all the same.
https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

from typing import Any

from tfmfa_nb.terraform.sensitive_values import SENSITIVE, mask_sensitive, tell_changed

_CHANGES = ("resource_changes", "resource_drift")
# Where values stand that no mark is beside: what is sensitive elsewhere in the plan is masked there.
_UNMARKED = ("configuration", "variables", "checks", "planned_values", "prior_state")
_MIN_PART = 8  # characters of a sensitive value that is masked within a longer text


def masked_document(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of the JSON of a plan in which sensitive values are "(sensitive)", wherever they stand.

    Literals of the configuration, values of variables, and the messages of checks are masked where they have the same
    text as a value that Terraform marks, or a longer one with such a text of at least 8 characters in it.

    Args:
        document: the output of `terraform show -json PLAN`, from JSON.
    """
    secrets = _Secrets()
    masked = dict(document)
    for name in _CHANGES:
        if isinstance(masked.get(name), list):
            masked[name] = [secrets.mask_change(each) for each in masked[name]]
    if isinstance(masked.get("deferred_changes"), list):
        masked["deferred_changes"] = [
            {**each, "resource_change": secrets.mask_change(each.get("resource_change"))}
            for each in masked["deferred_changes"]
            if isinstance(each, dict)
        ]
    if isinstance(masked.get("output_changes"), dict):
        outputs = masked["output_changes"].items()
        masked["output_changes"] = {name: secrets.mask_values(each) for name, each in outputs}
    if isinstance(masked.get("planned_values"), dict):
        masked["planned_values"] = secrets.mask_state(masked["planned_values"])
    if isinstance(masked.get("prior_state"), dict):
        state = masked["prior_state"]
        masked["prior_state"] = {**state, "values": secrets.mask_state(state.get("values"))}
    if isinstance(masked.get("variables"), dict):
        declared = _table(_table(_table(document.get("configuration")).get("root_module")).get("variables"))
        masked["variables"] = {
            name: secrets.mask_member(each, "value", _table(declared.get(name)).get("sensitive"))
            for name, each in masked["variables"].items()
        }
    return {name: secrets.hide(value) if name in _UNMARKED else value for name, value in masked.items()}


class _Secrets:
    """Masks what is marked, and remembers its texts for where no marks are."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._parts: list[str] | None = None

    def mask_change(self, resource: Any) -> Any:
        if not isinstance(resource, dict) or not isinstance(resource.get("change"), dict):
            return resource
        return {**resource, "change": self.mask_values(resource["change"])}

    def mask_values(self, change: Any) -> Any:
        """A change: {before, before_sensitive, after, after_sensitive, …}."""
        if not isinstance(change, dict):
            return change
        masked = self.mask_member(change, "before", change.get("before_sensitive"))
        masked = self.mask_member(masked, "after", change.get("after_sensitive"))
        if not change.get("after_sensitive") or "after" not in change:
            return masked
        return {**masked, "after": tell_changed(masked["after"], change.get("before"), change["after"])}

    def mask_state(self, values: Any) -> Any:
        """The values of a state: {outputs: {NAME: {sensitive, value}}, root_module: {resources, child_modules}}."""
        if not isinstance(values, dict):
            return values
        outputs = {
            name: self.mask_member(each, "value", _table(each).get("sensitive"))
            for name, each in _table(values.get("outputs")).items()
        }
        root = self._mask_module(values.get("root_module"))
        more = {"outputs": outputs} if "outputs" in values else {}
        return {**values, **more, **({"root_module": root} if "root_module" in values else {})}

    def mask_member(self, table: Any, name: str, mask: Any) -> Any:
        """`table`, with the value of one member masked."""
        if not isinstance(table, dict) or name not in table or not mask:
            return table
        value = table[name]
        shown = mask_sensitive(value, mask)
        self._remember(value, shown)
        return {**table, name: shown}

    def hide(self, value: Any) -> Any:
        """`value`, without the texts that are sensitive elsewhere."""
        if not self._texts:
            return value
        if self._parts is None:
            self._parts = sorted((text for text in self._texts if len(text) >= _MIN_PART), key=len, reverse=True)
        if isinstance(value, dict):
            return {name: self.hide(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.hide(item) for item in value]
        if not isinstance(value, str):
            return value
        if value in self._texts:
            return SENSITIVE
        for part in self._parts:
            value = value.replace(part, SENSITIVE)
        return value

    def _mask_module(self, module: Any) -> Any:
        """Modules are nested as deep as a plan allows, which is less than Python does."""
        if not isinstance(module, dict):
            return module
        masked = dict(module)
        if isinstance(module.get("resources"), list):
            masked["resources"] = [
                self.mask_member(each, "values", _table(each).get("sensitive_values")) for each in module["resources"]
            ]
        if isinstance(module.get("child_modules"), list):
            masked["child_modules"] = [self._mask_module(each) for each in module["child_modules"]]
        return masked

    def _remember(self, value: Any, shown: Any) -> None:
        if shown == SENSITIVE:
            self._texts.update(_texts(value))
        elif isinstance(value, dict):
            for name, item in value.items():
                self._remember(item, shown[name])
        elif isinstance(value, list):
            for item, masked in zip(value, shown, strict=True):
                self._remember(item, masked)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in _texts(item)]


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
