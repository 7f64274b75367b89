"""Run Terraform on AWS from notebooks, under multi-factor authentication.

`%load_ext tfmfa_nb` provides `%%tfplan`, `%%tfapply`, `%tfruns`, and `%tfmfa`; `await tfmfa_nb.plan(…)`,
`apply(run)`, and `command("state list")` do the same in Python, `plan_all(…)` and `apply_all(fleet)` for many
environments. Slow imports happen only when they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.magics.calls import apply, command, plan
    from tfmfa_nb.magics.fleet_calls import apply_all, plan_all

__all__ = [
    "__version__",
    "apply",
    "apply_all",
    "command",
    "load_ipython_extension",
    "plan",
    "plan_all",
    "unload_ipython_extension",
]
_CALLS = {"plan": "calls", "apply": "calls", "command": "calls", "plan_all": "fleet_calls", "apply_all": "fleet_calls"}


def __getattr__(name: str) -> object:
    """The functions, imported when they are first used."""
    if name not in _CALLS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - keeps the import of the package fast

    return getattr(import_module(f"tfmfa_nb.magics.{_CALLS[name]}"), name)


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
