"""The variables that a person sets with `--var` and `--var-file`, in the order of the line: the last value counts."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_VAR, _VAR_FILE = "-var=", "-var-file="


@dataclass(frozen=True, slots=True)
class VariableArguments:
    """Values for the variables of a configuration, as arguments of a Terraform command.

    They never stand in Terraform's command line, which every user of the machine can read; they reach it through its
    environment, which only the same user can read
    (https://developer.hashicorp.com/terraform/cli/config/environment-variables#tf_cli_args-and-tf_cli_args_name).

    Attributes:
        words: "-var=NAME=VALUE" and "-var-file=PATH".
    """

    words: tuple[str, ...] = field(default=(), repr=False)

    @property
    def names(self) -> list[str]:
        """The variables that have a value of their own."""
        return [_name(word) for word in self.words if word.startswith(_VAR)]

    @property
    def files(self) -> list[Path]:
        """The variable files."""
        return [Path(word.removeprefix(_VAR_FILE)) for word in self.words if word.startswith(_VAR_FILE)]

    @property
    def values(self) -> dict[str, str]:
        """The value of each such variable; the last one counts."""
        return {_name(word): word.partition("=")[2].partition("=")[2] for word in self.words if word.startswith(_VAR)}

    def only(self, declared: Collection[str]) -> VariableArguments:
        """Without the values of other variables: Terraform refuses one that is not declared, except in a file."""
        return VariableArguments(
            tuple(word for word in self.words if word.startswith(_VAR_FILE) or _name(word) in declared)
        )

    def environ(self, command: str) -> dict[str, str]:
        """The process variable that adds these arguments to `terraform COMMAND`, such as "plan" or "workspace list"."""
        name = re.sub("[ -]", "_", command)
        return {f"TF_CLI_ARGS_{name}": shlex.join(self.words)} if self.words else {}


NO_VARIABLES = VariableArguments()


def variable_arguments(given: Collection[tuple[str, str]], base: Path) -> VariableArguments:
    """The arguments for what a person has written.

    Args:
        given: ("var_file", "FILE"), or the value of a variable, ("var", "NAME=VALUE"), in order.
        base: the folder to which relative paths refer.
    """
    return VariableArguments(
        tuple(
            f"{_VAR}{value}" if kind != "var_file" else f"{_VAR_FILE}{(base / Path(value).expanduser()).absolute()}"
            for kind, value in given
        )
    )


def _name(word: str) -> str:
    return word.removeprefix(_VAR).partition("=")[0].strip()
