"""The conditions of a configuration with their results in a plan: checks, preconditions, and validations.

https://developer.hashicorp.com/terraform/internals/json-format#checks-representation
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """The conditions of one object, in all its instances.

    Attributes:
        address: "check.health", "aws_instance.web", "output.url".
        kind: "check", "resource", "output_value", or "var".
        status: "pass", "fail", "error" (the condition cannot be evaluated), or "unknown" (known after apply).
        problems: the messages of the conditions that failed.
    """

    address: str
    kind: str
    status: str
    problems: tuple[str, ...] = ()


def planned_checks(checks: Any) -> tuple[PlannedCheck, ...]:
    """The conditions in `checks` of the JSON, whatever of it is missing or of another type."""
    return tuple(map(_check, _tables(checks)))


def _check(check: dict[str, Any]) -> PlannedCheck:
    address = check.get("address")
    named: dict[str, Any] = address if isinstance(address, dict) else {}
    problems = (
        str(problem.get("message", ""))
        for instance in _tables(check.get("instances"))
        for problem in _tables(instance.get("problems"))
    )
    return PlannedCheck(
        str(named.get("to_display", "")),
        str(named.get("kind", "")),
        str(check.get("status", "unknown")),
        tuple(dict.fromkeys(problems)),
    )


def _tables(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
