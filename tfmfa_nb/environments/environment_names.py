"""Which names an environment may have: those that mean one folder, beside the notebook, on every machine."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_FORM = re.compile(r"\w[\w.-]*")
_LONGEST = 64
# Windows' device names (https://learn.microsoft.com/windows/win32/fileio/naming-a-file): a repository that
# holds such a folder cannot be checked out there.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
# Folders that Jupyter, Python and Terraform make beside a notebook themselves.
_TAKEN = {"__pycache__", "terraform.tfstate.d"}


def check_name(name: str, base: Path) -> str:
    """`name`, if it can be an environment's.

    Args:
        name: what the person typed.
        base: the folder that environments live in.

    Raises:
        ConfigurationError: it leaves the folder, is reserved, or differs from a neighbour's name by case or
            Unicode form only (such two are one folder on some machines and two on others).
    """
    remedy = 'Use letters, digits, ".", "_" and "-", beginning with a letter or digit: staging, prod-eu.'
    if not name:
        raise ConfigurationError("The environment's name is empty.", remedy)
    if not _FORM.fullmatch(name) or name.endswith("."):
        hint = " For a configuration in a folder elsewhere use -C DIR." if "/" in name else ""
        raise ConfigurationError(f"{name!r} cannot be an environment's name.", remedy + hint)
    if len(name) > _LONGEST:
        raise ConfigurationError(f"The environment's name has {len(name)} characters.", f"Use {_LONGEST}.")
    if name != unicodedata.normalize("NFC", name):
        raise ConfigurationError(
            f"{name!r} is not in Unicode's composed form (NFC), so it would look like another name.",
            f"Type it as {unicodedata.normalize('NFC', name)!r}.",
        )
    if _same(name) in _TAKEN or _same(name).split(".")[0] in _DEVICES:
        raise ConfigurationError(f"{name!r} is a reserved name.", "Choose another name.")
    for neighbour in base.iterdir() if base.is_dir() else ():
        if neighbour.name != name and _same(neighbour.name) == _same(name):
            raise ConfigurationError(
                f"{name!r} differs from the existing {neighbour.name!r} by case or Unicode form only.",
                f"Use {neighbour.name!r}, or a name that differs by more.",
            )
    return name


def _same(name: str) -> str:
    """Equal for names that some file system takes for one."""
    return unicodedata.normalize("NFKC", name).casefold()
