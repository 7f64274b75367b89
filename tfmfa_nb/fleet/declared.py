"""What a configuration declares, held against a row of a table before anything is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.hcl import parse
from tfmfa_nb.terraform.modules import Module
from tfmfa_nb.terraform.variable_files import automatic_files

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.fleet.tables import Row
    from tfmfa_nb.runs.options import Options
    from tfmfa_nb.terraform.hcl import Block

# What a column needs of the configuration: a variable, and where a provider is to use it, the block that does.
_VARIABLE = 'variable "NAME" {}'
_USES = {
    "region": f'{_VARIABLE} and provider "aws" {{ region = var.NAME }}',
    **dict.fromkeys(
        ("role", "role_arn"), f'{_VARIABLE} and provider "aws" {{ assume_role {{ role_arn = var.NAME }} }}'
    ),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """The variables of a configuration.

    Attributes:
        variables: their blocks, by name; None where the configuration cannot be read, which Terraform reports.
    """

    variables: Mapping[str, Block] | None

    @classmethod
    def in_cell(cls, hcl: str) -> Self:
        """Those that a cell declares."""
        blocks, error_line = parse(hcl.encode(), "main.tf")
        return cls(Module((), ".", blocks).variables if error_line is None else None)

    @classmethod
    def in_folder(cls, environment: Environment) -> Self:
        """Those that the files in an environment's folder declare."""
        # OpenTofu reads all that Terraform reads, and more.
        configuration = Configuration(environment.folder, "tofu", os.environ)
        variables = Module((), ".", configuration.blocks).variables
        return cls(None if configuration.broken or configuration.unreadable else variables)

    def check(self, row: Row, given: Collection[str], options: Options, environment: Environment) -> None:
        """Make sure that each value is for a variable, and that each variable has a value.

        Args:
            row: row of the table.
            given: names of the variables that have a value in it.
            options: options of its run.
            environment: its environment.

        Raises:
            ConfigurationError: a variable is not declared, or has no value.
        """
        declared = self._with_others(environment) if options.configuration is not None else self.variables
        if declared is None:
            return
        for name in given:
            if name not in declared:
                declare = _USES.get(name, _VARIABLE).replace("NAME", name)
                remedy = did_you_mean(name, declared) or f"Declare it: {declare}"
                raise row.error(name, "the configuration declares no variable of that name", remedy)
        names = {text.partition("=")[0].strip() for kind, text in options.variables if kind != "var_file"}
        files = any(kind == "var_file" for kind, _ in options.variables) or any(automatic_files(environment.folder))
        for name, block in declared.items():
            missing = "default" not in block.attributes and f"TF_VAR_{name}" not in os.environ
            if missing and name not in names and not files:
                remedy = f"Fill it in, pass --var {name}=…, set TF_VAR_{name}, or add a default."
                raise row.error(name, f"the variable has no value and no default ({block.place})", remedy)

    def _with_others(self, environment: Environment) -> Mapping[str, Block] | None:
        """With those of the files beside the one that the cell becomes."""
        others = Declared.in_folder(environment).variables if environment.folder.is_dir() else {}
        if self.variables is None or others is None:
            return None
        replaced = environment.files.configuration.name
        return {**{name: block for name, block in others.items() if block.file != replaced}, **self.variables}
