"""Values that the root module's variables need: which are missing, and which are for no variable.

Terraform says so only after it has opened the backend, for which a code was used.
https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.hcl import attribute_names
from tfmfa_nb.terraform.variable_files import automatic_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.variable_arguments import VariableArguments


def missing_values(
    configuration: Configuration, variables: VariableArguments, environ: Mapping[str, str]
) -> tuple[Block, ...]:
    """The variables without a default and without a value; none if a variable file cannot be read.

    Args:
        configuration: whose root module declares them.
        variables: values of `--var` and `--var-file`.
        environ: for `TF_VAR_…`.
    """
    required = [block for block in _declared(configuration) if "default" not in block.attributes]
    if not required:
        return ()
    given = {name.removeprefix("TF_VAR_") for name in environ if name.startswith("TF_VAR_")} | {*variables.names}
    try:
        for file in (*automatic_files(configuration.folder), *variables.files):
            given |= _names_in(file)
    except (OSError, ValueError, RecursionError):
        return ()
    return tuple(block for block in required if block.labels[0] not in given)


def undeclared_values(configuration: Configuration, variables: VariableArguments) -> tuple[str, ...]:
    """The names in `--var` that no variable has: Terraform refuses them, unlike those in a variable file."""
    declared = {block.labels[0] for block in _declared(configuration)}
    return tuple(name for name in dict.fromkeys(variables.names) if name not in declared)


def _declared(configuration: Configuration) -> Iterator[Block]:
    return (block for block in configuration.blocks if block.type == "variable" and block.labels)


def _names_in(file: Path) -> set[str]:
    source = file.read_bytes()
    return set(json.loads(source)) if file.suffix == ".json" else attribute_names(source)
