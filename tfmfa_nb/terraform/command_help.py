"""The options of a command, as the help of the Terraform names them that will run it: each version has its own."""

from __future__ import annotations

import re
import subprocess
import tempfile
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.terraform.credentials import offline_environ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.executable import Executable

_SECONDS = 30
_NAMED = re.compile(r"(?<![\w-])-([a-z][\w-]*)", re.ASCII)
# What some commands have, and do not say; the rest is Terraform's to judge.
_UNSAID = frozenset(
    {
        *("no-color", "h", "help", "allow-missing-config", "destroy", "ignore-remote-version", "module-depth"),
        *("parallelism", "provider", "refresh", "replace", "target", "verbose"),
    }
)


def check_options(executable: Executable, call: Call, environ: Mapping[str, str]) -> None:
    """Make sure that a command has the options that a call gives it; nothing is refused where Terraform gives no help.

    Args:
        executable: Terraform or OpenTofu.
        call: the call.
        environ: process environment; its credentials are not passed on.

    Raises:
        ConfigurationError: it has no such option.
    """
    if not call.options or not (known := _options_of(executable, call.command, environ)):
        return
    for name in call.options:
        if name not in known | _UNSAID:
            raise ConfigurationError(
                f"`{executable.product} {call.command}` has no option -{name}.",
                did_you_mean(f"-{name}", [f"-{each}" for each in known])
                or f"See what it has: {executable.product} {call.command} -help",
            )


def _options_of(executable: Executable, command: str, environ: Mapping[str, str]) -> frozenset[str]:
    """The options that the help of a command names; empty where it gives none."""
    with tempfile.TemporaryDirectory(prefix="tfmfa-") as folder:
        try:
            answer = subprocess.run(
                [*executable.command, *command.split(), "-help"],
                cwd=folder,
                env={**offline_environ(environ), "CHECKPOINT_DISABLE": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                start_new_session=True,
            )
        except (OSError, subprocess.SubprocessError):
            return frozenset()
    return frozenset(_NAMED.findall(answer.stdout.decode(errors="replace"))) if answer.returncode == 0 else frozenset()
