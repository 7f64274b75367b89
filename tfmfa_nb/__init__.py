"""Run Terraform on AWS from notebooks, under multi-factor authentication.

`%load_ext tfmfa_nb` provides `%%tfplan`, `%%tfapply`, `%tfruns`, and `%tfmfa`; `await tfmfa_nb.plan(…)`,
`apply(run)`, and `command("state list")` do the same in Python. Slow imports happen only when they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.magics.calls import apply, command, plan

__all__ = ["__version__", "apply", "command", "load_ipython_extension", "plan", "unload_ipython_extension"]


def __getattr__(name: str) -> object:
    """`plan`, `apply`, and `command`, imported when they are first used."""
    if name not in {"plan", "apply", "command"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tfmfa_nb.magics import calls  # noqa: PLC0415 - keeps the import of the package fast

    return getattr(calls, name)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext tfmfa_nb`.

    Raises:
        ConfigurationError: the system is Windows.
    """
    from tfmfa_nb.model.supported_system import require_supported_system  # noqa: PLC0415

    require_supported_system()
    from tfmfa_nb.magics.extension import load  # noqa: PLC0415 - keeps the import of the package fast

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext tfmfa_nb`."""
    from tfmfa_nb.magics.extension import unload  # noqa: PLC0415

    unload(shell)
