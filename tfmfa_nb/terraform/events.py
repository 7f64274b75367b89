"""Access to the events of Terraform's machine-readable output; malformed events are tolerated.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

from typing import Any

OF_PROGRESS = frozenset({"apply_start", "apply_complete", "apply_errored", "planned_change", "outputs", "diagnostic"})
"""The types of the events from which the progress, the outputs, and the errors of an apply are read."""


def table(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """A member that is an object; an empty object if it is missing or something else."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def address(hook: dict[str, Any]) -> str:
    """The resource address of a hook; "" if it has none."""
    return str(table(hook, "resource").get("addr", ""))


def final_outputs(event: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The outputs of an `outputs` event that have their values; a plan's event only has their actions."""
    return {name: output for name, output in table(event, "outputs").items() if _is_final(output)}


def _is_final(output: Any) -> bool:
    return isinstance(output, dict) and (
        "value" in output or (bool(output.get("sensitive")) and "action" not in output)
    )
