"""Whether a state on this machine has changed since a plan was saved: Terraform refuses such a plan as stale.

The state of another backend cannot be read without credentials.
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.local_state import state_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PRIOR = "tfstate"  # the plan's copy of the state that it was made from


def is_stale(plan: Path, folder: Path, workspace: str, environ: Mapping[str, str]) -> bool:
    """True if the state in a local file is another one than the plan was made from; False if that is not known.

    Args:
        plan: the saved plan, a zip archive.
        folder: the root module.
        workspace: the selected workspace.
        environ: for `TF_DATA_DIR`.
    """
    try:
        file = state_file(folder, workspace, environ)
        if file is None:
            return False
        with zipfile.ZipFile(plan) as archive:
            prior = json.loads(archive.read(_PRIOR))
        now = json.loads(file.read_bytes()) if file.is_file() else {}
        return _serial(prior) != _serial(now)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, RuntimeError):
        return False


def _serial(state: Mapping[str, Any]) -> int:
    return int(state.get("serial") or 0)
