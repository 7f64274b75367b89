"""JSON files that Terraform writes for itself, and that somebody else may have edited.

Terraform's reader, Go's encoding/json, takes "DIR" for "Dir", and the last of two members of one name. Terraform writes
neither, so a file with either is not understood here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_terraform_json(file: Path, names: Sequence[str]) -> Any:
    """The content of a file; None if there is no such file, or nothing in it.

    Args:
        file: the file.
        names: the members that matter, as Terraform writes them.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is not valid JSON, too deep, or has members of the same name, or nearly the same.
    """
    spelling = {name.casefold(): name for name in names}

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len({name.casefold() for name in found}) < len(pairs):
            raise ValueError("two members of one name")
        for name in found:
            if spelling.get(name.casefold(), name) != name:
                raise ValueError(f"{name} is not written as Terraform writes it")
        return found

    if file.is_symlink() and not file.exists():
        raise OSError("a broken link")
    if not file.exists():
        return None
    if not file.is_file():
        raise OSError("not a regular file")
    source = file.read_bytes()
    try:
        return json.loads(source, object_pairs_hook=unique) if source else None
    except RecursionError:
        raise ValueError("too deep") from None
