"""Terraform's own files in a working directory.

https://developer.hashicorp.com/terraform/cli/init
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOCK_FILE = ".terraform.lock.hcl"
WORKSPACE = "TF_WORKSPACE"
DATA_FOLDER = "TF_DATA_DIR"


def data_folder_name(environ: Mapping[str, str]) -> str:
    """The path of the data directory as it is set, `.terraform` by default."""
    return environ.get(DATA_FOLDER) or ".terraform"


def data_folder(folder: Path, environ: Mapping[str, str]) -> Path:
    """The data directory, `.terraform`, of a Terraform that runs in `folder`."""
    return folder / data_folder_name(environ)


def selected_workspace(folder: Path, environ: Mapping[str, str]) -> str:
    """The selected workspace, "default" unless another one was selected.

    https://developer.hashicorp.com/terraform/cli/workspaces

    Raises:
        OSError: the file with its name cannot be read.
    """
    if named := environ.get(WORKSPACE):
        return named
    try:
        text = (data_folder(folder, environ) / "environment").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return "default"
    return text.strip() or "default"
