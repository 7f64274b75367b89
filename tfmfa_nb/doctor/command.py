"""`jupyter tfmfa doctor`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment

_DESCRIPTION = """\
Check everything that a run depends on: Terraform, the AWS provider, the front
end, the organization policy, your organization variables, your MFA device, the
clock, and what your keys can do without MFA. Each finding is one line, with a
remedy where something is wrong. No MFA code is used.
"""
_EPILOG = """\
exit codes:
  0  no problems
  1  warnings
  2  errors, or the command could not start

examples:
  jupyter tfmfa doctor
  jupyter tfmfa doctor --profile me --chdir live/network
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command to its parser."""
    parser.usage, parser.description, parser.epilog = "%(prog)s [options]", _DESCRIPTION, _EPILOG
    parser.add_argument(
        *("-C", "--chdir"), metavar="DIR", help="also check the Terraform configuration in this folder, and its level"
    )
    parser.add_argument(
        "--profile",
        metavar="NAME",
        default="",
        help="AWS profile with your organization variables (default: AWS_PROFILE)",
    )
    parser.set_defaults(execute=_execute)


def _execute(options: argparse.Namespace) -> int:
    from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed

    environment = Environment.at(options.chdir, Path.cwd()) if options.chdir is not None else None
    return asyncio.run(print_findings(os.environ, options.profile, environment))


async def print_findings(environ: Mapping[str, str], profile: str, environment: Environment | None) -> int:
    """Print the findings, and return the exit code of the worst one."""
    from tfmfa_nb.doctor import examine, worst  # noqa: PLC0415 - until needed

    found = []
    async for finding in examine(environ, profile, environment):
        print(finding, flush=True)  # noqa: T201
        found.append(finding)
    return worst(found).exit_code
