"""This Python, started as a process of its own."""

from __future__ import annotations

import sys


def python_command(*arguments: str) -> list[str]:
    """The command line of this interpreter with `arguments`.

    By way of a shell that does nothing but become it: a kernel whose debugger is on makes every Python that it starts
    a debugged one, which then waits for a debugger that no front end attaches. It goes by the first word.
    """
    return ["/bin/sh", "-c", 'exec "$@"', "sh", sys.executable, *arguments]
