"""The kernel that a notebook names."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from tfmfa_nb.model.errors import ConfigurationError

# In their place, jupyter_client starts the Python that runs now; `PATH` needs to have none of them.
_THIS_PYTHON = {"python", f"python{sys.version_info.major}", f"python{sys.version_info.major}.{sys.version_info.minor}"}


def check_kernel(notebook: Any) -> None:
    """Make sure that the kernel of a notebook can be started.

    Raises:
        ConfigurationError: it is not installed, or its program does not exist.
    """
    name = notebook.metadata.get("kernelspec", {}).get("name") or "python3"
    manager = KernelSpecManager()
    try:
        program = manager.get_kernel_spec(name).argv[0]
    except NoSuchKernel:
        known = ", ".join(sorted(manager.find_kernel_specs())) or "none"
        raise ConfigurationError(
            f'The notebook names the kernel "{name}", which is not installed.',
            f"Select another one in JupyterLab, or install it. Installed: {known}.",
        ) from None
    if program not in _THIS_PYTHON and shutil.which(program) is None:
        raise ConfigurationError(
            f'The kernel "{name}" cannot be started: there is no program {program}.',
            f"Install it again, or remove it: jupyter kernelspec remove {name}",
        )
