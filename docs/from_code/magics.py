"""The magics with their options, from the parsers that read a line."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from from_code.markdown import code, prose, table
from tfmfa_nb.magics.defined_options import (
    RUN_COMMANDS,
    RUN_OPTIONS,
    SETTINGS_COMMANDS,
    SETTINGS_OPTIONS,
    completable,
    completable_options,
)
from tfmfa_nb.magics.magics import TfmfaMagics
from tfmfa_nb.magics.refused_options import REFUSED
from tfmfa_nb.magics.terraform_magics import TerraformMagics, options_of_commands
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.protocol.words import CELL_MAGICS
from tfmfa_nb.terraform.command_table import COMMANDS, REFUSED_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.editing.options import Option

_KINDS = (TfmfaMagics, TerraformMagics)
_OF_CLASS = {
    Phase.READ: ("reads the state", "before it, if the level requires one before a plan"),
    Phase.CHANGE: ("changes the state, or resources", "before it, if the level requires one before an apply"),
    Phase.CHECK: ("touches neither, and gets no credentials", "never"),
}


def options() -> dict[str, tuple[Option, ...]]:
    """The options of each magic."""
    return {
        **completable_options(),
        "tfmfa": completable(SETTINGS_OPTIONS),
        "tfruns": completable(RUN_OPTIONS),
        **options_of_commands(),
    }


def magics() -> str:
    """All magics, with what each does, and its options."""
    return "\n".join(part for name, found in options().items() for part in _magic(name, found))


def _magic(name: str, found: tuple[Option, ...]) -> Iterator[str]:
    kind = next(kind for kind in _KINDS if hasattr(kind, name))
    yield f"## {code('%' + name)}\n"
    yield f"{prose(inspect.getdoc(getattr(kind, name)) or '')}\n"
    if name in CELL_MAGICS:
        yield f"As {code('%%' + name)}, the rest of the cell is HCL.\n"
    positional = {"tfmfa": SETTINGS_COMMANDS, "tfruns": RUN_COMMANDS}.get(name)
    if positional:
        yield f"Commands: {', '.join(map(code, positional))}.\n"
    rows = [
        (code(_spelled(option)), prose(option.text), "yes" * option.repeated) for option in found if _is_flag(option)
    ]
    yield table(("Option", "Meaning", "Repeatable"), rows)


def _is_flag(option: Option) -> bool:
    return option.flags[0].startswith("-")


def _spelled(option: Option) -> str:
    return f"{', '.join(option.flags)} {option.value}".strip()


def refused_options() -> str:
    """The options of Terraform's that are refused."""
    return table(("Option", "Reason"), [(code(f"-{name}"), prose(why)) for name, why in sorted(REFUSED.items())])


def terraform_commands() -> str:
    """The commands of Terraform's by their class, and those that are refused."""
    rows = [
        (meaning, when, ", ".join(code(name) for name, kind in sorted(COMMANDS.items()) if kind.phase is phase))
        for phase, (meaning, when) in _OF_CLASS.items()
    ]
    refused = [(code(name), prose(why)) for name, why in sorted(REFUSED_COMMANDS.items())]
    return "\n".join(
        [
            table(("What the command does", "When a code is required", "Commands"), rows),
            "A command that is not listed may change anything, so it counts as one that changes the state.\n",
            "## Commands that are refused\n",
            table(("Command", "Reason"), refused),
        ]
    )
