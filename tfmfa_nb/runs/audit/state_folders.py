"""Where this machine keeps its own records of audit trails. No process variable that a cell sets moves them."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path

from platformdirs import user_state_path

_NAME = "tfmfa_nb"

AT_LOAD = user_state_path(_NAME, appauthor=False)
"""The folder by `XDG_STATE_HOME` and `HOME` as they are when this process loads the package: a cell can set others."""


def state_folders() -> tuple[Path, ...]:
    """The folders of the records, which may not exist: each record is kept in all of them."""
    constant = constant_folder()
    return tuple(dict.fromkeys((AT_LOAD,) if constant is None else (constant, AT_LOAD)))


def constant_folder() -> Path | None:
    """The folder in the home of the password database, which no variable moves; None if this user cannot have it.

    A container's user may have no entry there, or a home that is not theirs.
    """
    with suppress(KeyError):
        home = Path("/", pwd.getpwuid(os.getuid()).pw_dir)
        folder = home / ".local" / "state" / _NAME
        if folder.exists() or os.access(home, os.W_OK | os.X_OK):
            return folder
    return None
