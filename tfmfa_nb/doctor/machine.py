"""What lies on this machine: the provider, the front end, and variables that change what Terraform does."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from typing import TYPE_CHECKING

from tfmfa_nb.doctor.finding import Finding, State
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.credentials import child_environment
from tfmfa_nb.terraform.mirror import find_mirror

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KERNEL = (7, 4)  # from here on a widget's events reach a cell that awaits


def look_at_provider(environ: Mapping[str, str]) -> Finding:
    """Where hashicorp/aws will come from."""
    try:
        mirror = find_mirror(environ)
    except ConfigurationError as error:
        return Finding("provider", State.BAD, error.problem, error.remedy)
    if mirror is not None:
        return Finding("provider", State.GOOD, f"hashicorp/aws lies in the mirror {mirror}; else its registry has it.")
    return Finding("provider", State.GOOD, "hashicorp/aws comes from its registry when `init` needs it.")


def look_at_front_end() -> Iterator[Finding]:
    """Whether the card can be shown and can answer."""
    version = importlib.metadata.version("ipykernel")
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers >= _KERNEL:
        yield Finding("kernel", State.GOOD, f"ipykernel {version}: the card can ask for codes.")
    else:
        yield Finding(
            "kernel",
            State.WARNING,
            f"ipykernel {version} delivers no clicks to a running cell: codes are asked for in the terminal's way.",
            "pip install 'ipykernel>=7.4'",
        )
    if importlib.util.find_spec("jupyterlab") or importlib.util.find_spec("notebook"):
        yield Finding("front end", State.GOOD, "JupyterLab or Notebook is installed beside this Python.")
    else:
        yield Finding(
            "front end",
            State.WARNING,
            "neither JupyterLab nor Notebook is in this environment; one elsewhere needs ipywidgets and tfmfa_nb.",
        )


def look_at_surroundings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that would change Terraform's commands or print secrets; runs leave them out and say so."""
    _, notes = child_environment(environ, credentials=False)
    for note in notes:
        yield Finding("process environment", State.WARNING, note)
    if not notes:
        yield Finding("process environment", State.GOOD, "nothing in it changes what Terraform does.")
