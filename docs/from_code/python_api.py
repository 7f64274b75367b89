"""The functions of the package, and the run that they return."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import tfmfa_nb
from from_code.markdown import attributes, code, prose, summary, table
from tfmfa_nb.magics.call_options import ApplyOptions, CommandOptions, PlanOptions, PromptOptions
from tfmfa_nb.magics.fleet_calls import FleetApplyOptions, FleetPlanOptions
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

_FUNCTIONS = {
    "plan": PlanOptions,
    "apply": ApplyOptions,
    "command": CommandOptions,
    "plan_all": FleetPlanOptions,
    "apply_all": FleetApplyOptions,
}


def functions() -> str:
    """The functions, each with its options."""
    parts = []
    for name, options in _FUNCTIONS.items():
        function = getattr(tfmfa_nb, name)
        said = attributes(PromptOptions) | attributes(ApplyOptions) | attributes(options)
        rows = [(code(each), code(str(hint)), said.get(each, "")) for each, hint in _hints(options)]
        first = ", ".join(each for each in inspect.signature(function).parameters if each != "options")
        parts += [
            f"## {code(f'await tfmfa_nb.{name}({first}, …)')}\n",
            f"{summary(function)}\n",
            table(("Option", "Type", "Meaning, where the name does not say it"), rows),
        ]
    return "\n".join(parts)


def _hints(options: Any) -> list[tuple[str, str]]:
    return [(name, getattr(hint, "__forward_arg__", hint)) for name, hint in options.__annotations__.items()]


def run() -> str:
    """The attributes and the methods of a run and of its plan."""
    traits = [(code(name), prose(trait.help)) for name, trait in Run.class_own_traits().items() if trait.help]
    return "\n".join(
        [
            "## Attributes of a run\n",
            "A program can observe each of these with `run.observe(function, name)`.\n",
            table(("Attribute", "Meaning"), traits),
            "## Other members of a run\n",
            table(("Member", "Meaning"), _members(Run)),
            "## Members of a plan\n",
            table(("Member", "Meaning"), _members(Plan)),
        ]
    )


def _members(kind: type) -> Iterator[tuple[str, str]]:
    for name, member in vars(kind).items():
        if name.startswith("_") or not member.__doc__:
            continue
        if isinstance(member, property):
            yield code(name), summary(member)
        elif inspect.isfunction(member):
            yield code(f"{name}({', '.join(list(inspect.signature(member).parameters)[1:])})"), summary(member)
