"""Terraform's own judgment of HCL that cannot be parsed here: a syntax error, or a gap of this parser.

`terraform fmt -` parses its standard input, and needs neither `init` nor a configuration.
https://developer.hashicorp.com/terraform/cli/commands/fmt
"""

from __future__ import annotations

import subprocess
import tempfile
from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.configuration_files import unreadable
from tfmfa_nb.terraform.credentials import offline_environ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.executable import Executable

_SECONDS = 30
_SYNTAX_ERROR = 2  # the exit code of `fmt`


def syntax_problems(
    configuration: Configuration, executable: Executable, environ: Mapping[str, str]
) -> tuple[list[Problem], list[Problem]]:
    """What is said of files that cannot be parsed here: Terraform's own errors, and what it might read nevertheless."""
    problems, gaps = list(configuration.problems), []
    for file in configuration.broken:
        if is_syntax_error(file.source, executable, environ):
            problems.append(Problem(file.what, place=file.place))
        else:
            gaps.append(unreadable(file.what, file.place))
    return problems, gaps


def is_syntax_error(source: bytes, executable: Executable, environ: Mapping[str, str]) -> bool:
    """Whether Terraform cannot parse `source` either, and so will not run it; False where it gives no answer."""
    cleaned = offline_environ(environ)
    with tempfile.TemporaryDirectory(prefix="tfmfa-") as folder:
        try:
            answer = subprocess.run(
                [*executable.command, "fmt", "-no-color", "-"],
                cwd=folder,
                env={**cleaned, "CHECKPOINT_DISABLE": "1"},
                input=source,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                start_new_session=True,
            )
        except (OSError, subprocess.SubprocessError):
            return False
    return answer.returncode == _SYNTAX_ERROR and b"<stdin>" in answer.stderr
