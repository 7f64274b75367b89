"""The command line of this Python interpreter."""

from __future__ import annotations

import sys


def python_command(*arguments: str, deaf: bool = False) -> list[str]:
    """The command line that runs this interpreter with `arguments`.

    A shell comes first and replaces itself with the interpreter: in a kernel with an active debugger, debugpy attaches
    to every command whose first word is a Python, and the process then waits for a front end that never connects.

    Args:
        arguments: the interpreter's.
        deaf: whether it ignores interrupts until it handles them itself, which takes its imports.
    """
    return ["/bin/sh", "-c", 'trap "" INT; exec "$@"' if deaf else 'exec "$@"', "sh", sys.executable, *arguments]
