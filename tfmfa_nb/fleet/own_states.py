"""Each environment of a fleet has a state of its own: two that share one would destroy each other's resources."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.configuration import Configuration
from tfmfa_nb.terraform.hcl import parse
from tfmfa_nb.terraform.working_directory import selected_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tfmfa_nb.fleet.member import Member
    from tfmfa_nb.terraform.hcl import Block

_Place = tuple[object, ...]


def check_states(members: Sequence[Member], base: Path) -> None:
    """Make sure that no two members have one state, as far as their backends say where it lies.

    Args:
        members: N members of a fleet.
        base: folder of the notebook, to which paths refer.

    Raises:
        ConfigurationError: two have.
    """
    known: dict[_Place, str] = {}
    for member in members:
        place = _place(member, base)
        if place is None:
            continue
        if place in known:
            raise ConfigurationError(
                f'"{known[place]}" and "{member.name}" of the fleet would have one state: their backend "{place[0]}" '
                "and workspace are the same.",
                'Add a column "workspace" with a workspace for each row, and use --or-create. Or leave the key out of '
                'the backend\'s block, and add a column "backend_config", such as key=prod/terraform.tfstate.',
            )
        known[place] = member.name


def _place(member: Member, base: Path) -> _Place | None:
    """Where a state lies, as it is written; None for a file in the environment's own folder, and if it is not known."""
    backend = next(_backends(member), None)
    if backend is None:
        return None
    folder, options = member.environment.folder, member.options
    if backend.type == "backend":
        with suppress(OSError, ValueError, RecursionError):  # whoever runs it says what is wrong with a file
            backend = options.backend_arguments(base).over(backend)
    kind = backend.labels[0] if backend.labels else backend.type
    settings = tuple(sorted((name, value.text) for name, value in backend.attributes.items()))
    if kind == "local":
        path = backend.attributes.get("path")
        if path is None or not path.literal:
            return None
        place = os.path.normpath(folder / path.literal)
        if Path(place).is_relative_to(folder):
            return None
        settings = (("path", place),)
    inner = tuple(
        (block.type, *sorted((name, value.text) for name, value in block.attributes.items()))
        for block in backend.blocks
    )
    workspace = options.workspace
    with suppress(OSError):
        workspace = workspace or selected_workspace(folder, os.environ)
    return kind, settings, inner, workspace


def _backends(member: Member) -> Iterator[Block]:
    hcl = member.options.configuration
    if hcl is not None:
        blocks, _ = parse(hcl.encode(), "main.tf")
    else:
        # OpenTofu reads all that Terraform reads, and more.
        blocks = Configuration(member.environment.folder, "tofu", os.environ).blocks
    inner = (block for outer in blocks if outer.type == "terraform" for block in outer.blocks)
    return (block for block in inner if block.type in {"backend", "cloud"})
