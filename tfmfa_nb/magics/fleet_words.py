"""What the words of a line say about a fleet: which environments, at what pace, and where their Terraform runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from tfmfa_nb.fleet.turns import Pace
from tfmfa_nb.remote.place import terraform_on

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.remote.dask_terraform import DaskTerraform

_NUMBERS = ("at_once", "canary", "stop_after")
_MOST = 1_000


def meant(word: str, shell: InteractiveShell) -> object:
    """The value of the Python variable that a word names; the word itself where there is none."""
    return shell.user_ns.get(word, word) if word.isidentifier() else word


def terraform_of(arguments: Namespace, shell: InteractiveShell) -> DaskTerraform | None:
    """Where Terraform runs by `--on`; None for this machine."""
    return terraform_on(meant(arguments.on, shell))


def pace_of(arguments: Namespace) -> Pace:
    """How the fleet goes on.

    Raises:
        UsageError: a number is none.
    """
    numbers = {}
    for name in _NUMBERS:
        text = getattr(arguments, name, "")
        if text and not (text.isdecimal() and text.isascii() and 0 < int(text) <= _MOST):
            raise UsageError(f"--{name.replace('_', '-')} {text!r} is not a number from 1 to {_MOST:,}")
        numbers[name] = int(text or 0)
    return Pace(**numbers, stop_if_refused=arguments.stop_if_refused)
