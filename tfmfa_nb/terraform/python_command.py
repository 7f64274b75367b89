"""The command line of this Python interpreter."""

from __future__ import annotations

import sys


def python_command(*arguments: str) -> list[str]:
    """The command line that runs this interpreter with `arguments`.

    A shell comes first and replaces itself with the interpreter: in a kernel with an active debugger, debugpy attaches
    to every command whose first word is a Python, and the process then waits for a front end that never connects.
    """
    return ["/bin/sh", "-c", 'exec "$@"', "sh", sys.executable, *arguments]
