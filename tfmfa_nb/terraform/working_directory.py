"""What Terraform keeps beside a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOCK_FILE = ".terraform.lock.hcl"


def data_folder(folder: Path, environ: Mapping[str, str]) -> Path:
    """Where a Terraform that works in `folder` keeps what `init` found out."""
    return folder / (environ.get("TF_DATA_DIR") or ".terraform")
