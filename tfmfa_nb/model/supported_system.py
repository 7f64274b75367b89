"""The systems on which this package runs: those of POSIX."""

from __future__ import annotations

import importlib

from tfmfa_nb.model.errors import ConfigurationError


def require_supported_system() -> None:
    """Make sure that this system has the file locks on which every run depends.

    Raises:
        ConfigurationError: it is Windows.
    """
    try:
        importlib.import_module("fcntl")
    except ImportError:
        raise ConfigurationError(
            "tfmfa_nb does not support Windows, but it does support WSL, the Windows Subsystem for Linux: "
            "run Jupyter there."
        ) from None
