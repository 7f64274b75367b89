"""`terraform validate`: what is wrong with a configuration, found without credentials.

https://developer.hashicorp.com/terraform/cli/commands/validate
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.credentials import offline_environ
from tfmfa_nb.terraform.garbage_collection import fewer_collections
from tfmfa_nb.terraform.variable_arguments import NO_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.terraform.executable import Executable
    from tfmfa_nb.terraform.variable_arguments import VariableArguments

_NOT_INSTALLED = {"Module not installed", "Module source has changed", "Module version requirements have changed"}
_SECONDS = 300  # a provider with a large schema on a busy machine


@dataclass(frozen=True, slots=True)
class Fault:
    """An error in a configuration.

    Attributes:
        summary: one line, without a period.
        detail: sentences; may be "".
        place: file and line, "main.tf:3"; "" if Terraform names none.
    """

    summary: str
    detail: str
    place: str

    @property
    def mended_by_init(self) -> bool:
        """Whether `init` may mend it: a module is not installed; or a provider, about which no error has a place."""
        return not self.place or self.summary in _NOT_INSTALLED

    def __str__(self) -> str:
        return f"{self.place}: {self.summary}" if self.place else self.summary


def faults_of(
    executable: Executable, folder: Path, environ: Mapping[str, str], variables: VariableArguments = NO_VARIABLES
) -> tuple[Fault, ...]:
    """The errors in an initialized configuration; none if Terraform gives no answer.

    Args:
        executable: Terraform or OpenTofu.
        folder: the root module.
        environ: process environment; its secrets are not passed on.
        variables: values that an OpenTofu needs to read the configuration; see `Executable.evaluates_early`.
    """
    child = offline_environ(environ)
    try:
        process = subprocess.run(
            [*executable.command, "validate", "-json", "-no-color"],
            cwd=folder,
            env={**child, **fewer_collections(child), **variables.environ("validate"), "CHECKPOINT_DISABLE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,  # so that the kernel's interrupt does not reach it
        )
        found = json.loads(process.stdout)["diagnostics"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return ()
    return tuple(fault(each) for each in found if each.get("severity") == "error")


def fault(diagnostic: Mapping[str, Any]) -> Fault:
    """An error from a diagnostic of Terraform's JSON."""
    where = diagnostic.get("range") or {}
    line = (where.get("start") or {}).get("line")
    place = f"{where.get('filename')}:{line}" if where.get("filename") and line else ""
    return Fault(str(diagnostic.get("summary", "")), str(diagnostic.get("detail", "")), place)
