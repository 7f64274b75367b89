"""Files of values for variables: which Terraform reads by itself, and the variables that one sets.

https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tfmfa_nb.terraform.hcl import parse

if TYPE_CHECKING:
    from pathlib import Path


_AUTOMATIC = (".auto.tfvars", ".auto.tfvars.json")


def is_variable_file(name: str) -> bool:
    """Whether Terraform reads a file of this name in the root module by itself."""
    return name in {"terraform.tfvars", "terraform.tfvars.json"} or name.endswith(_AUTOMATIC)


def automatic_files(folder: Path) -> list[Path]:
    """The files that Terraform reads by itself in the root module `folder`, by name; none if it cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if is_variable_file(path.name))
    except OSError:
        return []


def variables_in(file: Path) -> frozenset[str]:
    """The names of the variables that `file` sets; none if Terraform cannot read it either."""
    try:
        source = file.read_bytes()
        if file.suffix == ".json":
            return frozenset(json.loads(source))
    except (OSError, ValueError, TypeError, RecursionError):
        return frozenset()
    blocks, _ = parse(b"locals { " + source.removeprefix(b"\xef\xbb\xbf") + b"\n}\n", file.name)
    return frozenset(name for block in blocks for name in block.attributes)
