# PYTHON_ARGCOMPLETE_OK
"""`jupyter tfmfa completion`: completes commands and options in bash, zsh, and fish, by argcomplete.

`jupyter` itself completes by argcomplete too, and hands what follows `jupyter tfmfa` on to this program.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

_DESCRIPTION = """\
Print a script for your shell, after which Tab completes the commands and the
options of jupyter tfmfa.
"""
_EPILOG = """\
examples:
  eval "$(jupyter tfmfa completion bash)"  # in ~/.bashrc
  eval "$(jupyter tfmfa completion zsh)"   # in ~/.zshrc, after compinit
  jupyter tfmfa completion fish | source   # in config.fish
"""
_REQUESTED = "_ARGCOMPLETE"  # set by the shell's script
_PROGRAMS = ("jupyter-tfmfa", "jupyter")


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command to its parser."""
    parser.usage, parser.description, parser.epilog = "%(prog)s [options] SHELL", _DESCRIPTION, _EPILOG
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh, or fish")
    parser.set_defaults(execute=_execute)


def requested() -> bool:
    """True if a shell has started this process to complete a line."""
    return _REQUESTED in os.environ


def complete(parser: argparse.ArgumentParser) -> None:
    """Complete the line of the shell, and end the process.

    Raises:
        ConfigurationError: argcomplete is not installed.
    """
    _argcomplete().autocomplete(parser)


def _execute(options: argparse.Namespace) -> int:
    print(_argcomplete().shellcode(_PROGRAMS, shell=options.shell))  # noqa: T201 - the output of a command
    return 0


def _argcomplete() -> Any:
    from tfmfa_nb.model.errors import ConfigurationError  # noqa: PLC0415 - until needed

    try:
        import argcomplete  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(
            "Completion needs the Python package argcomplete.", "Install it: pip install 'tfmfa-nb[completion]'"
        ) from None
    return argcomplete
