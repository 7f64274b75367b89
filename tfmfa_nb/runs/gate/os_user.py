"""The user of this process, whom no process variable changes."""

from __future__ import annotations

import os
import pwd


def os_user() -> str:
    """The name of the user of this process; the number if it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
