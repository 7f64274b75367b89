"""Valid names of environments: those that mean the same folder, beside the notebook, on every machine."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_FORM = re.compile(r"\w[\w.-]*")
_LONGEST = 64
# Device names of Windows (https://learn.microsoft.com/windows/win32/fileio/naming-a-file): a repository with
# such a folder cannot be checked out there.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
# Folders that Python and Terraform create beside a notebook.
_TAKEN = {"__pycache__", "terraform.tfstate.d"}


def check_name(name: str, base: Path) -> str:
    """`name`, if it is valid for an environment.

    Args:
        name: the name that the person typed.
        base: the folder of the environments.

    Raises:
        ConfigurationError: the name leads out of the folder, is reserved, or differs from an existing one only by case
            or Unicode form: some machines take both for the same folder.
    """
    remedy = 'Use letters, digits, ".", "_" and "-", starting with a letter or digit: staging, prod-eu.'
    if not name:
        raise ConfigurationError("The environment's name is empty.", remedy)
    if not _FORM.fullmatch(name) or name.endswith("."):
        hint = " For a configuration in another folder, use -C DIR." if "/" in name else ""
        raise ConfigurationError(f"{name!r} cannot be an environment's name.", remedy + hint)
    if len(name) > _LONGEST:
        raise ConfigurationError(
            f"The environment's name is too long: {len(name)} characters.", f"Use at most {_LONGEST}."
        )
    if name != unicodedata.normalize("NFC", name):
        raise ConfigurationError(
            f"{name!r} is not in Unicode normalization form NFC: it could look like another name.",
            f"Type it as {unicodedata.normalize('NFC', name)!r}.",
        )
    if _comparable(name) in _TAKEN or _comparable(name).split(".")[0] in _DEVICES:
        raise ConfigurationError(f"{name!r} is a reserved name.", "Choose another name.")
    for existing in base.iterdir() if base.is_dir() else ():
        if existing.name != name and _comparable(existing.name) == _comparable(name):
            raise ConfigurationError(
                f"{name!r} differs from the existing {existing.name!r} only by case or Unicode form.",
                f"Use {existing.name!r}, or a more different name.",
            )
    return name


def _comparable(name: str) -> str:
    """A form of the name that is equal for names that some file system treats as the same."""
    return unicodedata.normalize("NFKC", name).casefold()
