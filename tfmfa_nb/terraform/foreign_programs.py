"""Settings of the process environment and the CLI configuration that put other programs in Terraform's place.

Whatever they start would get the MFA session.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The first three belong to the dynamic linkers of Linux and macOS (ld.so(8), dyld(1)); the others to Terraform and
# OpenTofu (https://developer.hashicorp.com/terraform/plugin/debugging).
_VARIABLES = {
    "LD_PRELOAD": "loads other code into Terraform and its providers",
    "LD_AUDIT": "loads other code into Terraform and its providers",
    "DYLD_INSERT_LIBRARIES": "loads other code into Terraform and its providers",
    "TF_REATTACH_PROVIDERS": "makes Terraform use a provider that is already running",
}
_OVERRIDES = "dev_overrides"


def foreign_programs(environ: Mapping[str, str]) -> Iterator[Problem]:
    """The settings in force, each with the name by which the organization policy can allow it.

    Args:
        environ: process environment; also for the path of the CLI configuration.
    """
    for name, effect in _VARIABLES.items():
        if environ.get(name):
            text = f"{name} is set: it {effect}, which would get the MFA session."
            yield Problem(text, f"Unset {name}.", name=name)
    for file in _cli_configurations(environ):
        for place in _overrides(file):
            text = f"The CLI configuration has {_OVERRIDES}: Terraform uses providers that no lock file covers."
            yield Problem(text, f"Remove {_OVERRIDES} from {file}.", place, _OVERRIDES)


def _overrides(file: Path) -> Iterator[str]:
    """The places of `dev_overrides` in a file, by its text: its keys are quoted, which only the first HCL allows."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return  # Terraform cannot read the file either
    for number, line in enumerate(lines, start=1):
        if _OVERRIDES in line and not line.lstrip().startswith(("#", "//")):
            yield f"{file}:{number}"


def _cli_configurations(environ: Mapping[str, str]) -> Iterator[Path]:
    """The files that Terraform reads: the named one or ~/.terraformrc, then those in ~/.terraform.d.

    https://developer.hashicorp.com/terraform/cli/config/config-file
    """
    home = Path(environ.get("HOME") or "~").expanduser()
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG")
    folder = home / ".terraform.d"
    mains = [Path(named)] if named else [home / ".terraformrc", home / ".tofurc"]
    for file in (*mains, *sorted(folder.glob("*.tfrc")), *sorted(folder.glob("*.tfrc.json"))):
        if file.is_file():
            yield file
