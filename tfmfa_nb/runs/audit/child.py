"""Runs a program for the audit trail: without the kernel's secrets, without a terminal, and never for long."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "SSH_AUTH_SOCK")


def run_program(argv: Sequence[str], content: bytes, seconds: float) -> tuple[int, bytes, str]:
    """Run a program until it ends.

    Args:
        argv: the program, and its arguments.
        content: its standard input.
        seconds: time limit, after which it is killed with all that it has started.

    Returns:
        The exit code, the standard output, and the last line of the standard error.

    Raises:
        OSError: the program cannot be started.
        TimeoutError: it did not end in time.
    """
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environ, "SSH_ASKPASS_REQUIRE": "never"},  # nobody could answer
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(content, timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise TimeoutError(f"it did not end within {seconds:g} seconds") from None
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return process.returncode, output, lines[-1] if lines else ""
