"""The configuration that a saved plan has been made from: Terraform keeps a copy of its files in the plan.

A saved plan is a zip archive with the files of each module below `tfconfig/m-KEY/`, KEY being the names of the calls
that lead to the module, with dots between (https://github.com/hashicorp/terraform/blob/main/internal/plans/planfile).
"""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tfmfa_nb.terraform.configuration import Configuration

_PREFIX = "tfconfig/m-"
_MAX_SIZE = 1 << 28  # bytes of all files together


def planned_files(plan: Path) -> dict[tuple[str, str], str]:
    """The SHA-256 of each file in a saved plan, by its module's key and its name: {("net", "main.tf"): …}.

    Raises:
        ValueError: the plan is no archive, as an encrypted one, or holds too much.
    """
    try:
        with zipfile.ZipFile(plan) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.startswith(_PREFIX)]
            if sum(entry.file_size for entry in entries) > _MAX_SIZE:
                raise ValueError("too large")
            return {_place(entry.filename): hashlib.sha256(archive.read(entry)).hexdigest() for entry in entries}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError(str(error)) from None


def expected_files(configuration: Configuration, digests: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """The same of a configuration, for files whose hashes are known.

    Args:
        configuration: for its tree of modules.
        digests: the SHA-256 of files, by their names from the root module: "main.tf", "modules/net/main.tf".
    """
    found = {}
    for module in configuration.modules:
        prefix = "" if module.path == "." else f"{module.path}/"
        for name in configuration.files:
            if name.startswith(prefix) and "/" not in name[len(prefix) :] and name in digests:
                found[".".join(module.name), name[len(prefix) :]] = digests[name]
    return found


def _place(name: str) -> tuple[str, str]:
    key, _, file = name.removeprefix(_PREFIX).partition("/")
    return key, file
