"""`jupyter tfmfa doctor`."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.visible import say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.doctor.finding import Finding
    from tfmfa_nb.environments import Environment

_DESCRIPTION = """\
Check everything that a run depends on: Terraform, the AWS provider, the front
end, the organization policy, your organization variables, your MFA device, the
clock, and what your keys can do without MFA. Each finding is one line, with a
remedy where something is wrong. No MFA code is used.

With --json, one JSON object is printed at the end: "format_version", the
version of "tfmfa_nb", "findings", each with "subject", "severity" ("ok",
"warning", "error", or "not checked"), "text", and "remedy" (empty if there is
none), and the "worst" severity. Members may be added; none is renamed or
removed before "format_version" grows.
"""
_EPILOG = """\
exit codes:
  0  no problems
  1  warnings
  2  errors, or the command could not start

examples:
  jupyter tfmfa doctor
  jupyter tfmfa doctor --profile me --chdir live/network
  jupyter tfmfa doctor --json | jq '.findings[] | select(.severity == "error")'
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
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end, instead of lines")
    parser.set_defaults(execute=_execute)


def _execute(options: argparse.Namespace) -> int:
    from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed

    environment = Environment.at(options.chdir, Path.cwd()) if options.chdir is not None else None
    return asyncio.run(print_findings(os.environ, options.profile, environment, as_json=options.json))


async def print_findings(
    environ: Mapping[str, str], profile: str, environment: Environment | None, *, as_json: bool = False
) -> int:
    """Print the findings, and return the exit code of the worst one.

    Args:
        environ: process environment.
        profile: AWS profile that holds the organization variables; "" for none.
        environment: environment that is checked too.
        as_json: True for one JSON object at the end.
    """
    from tfmfa_nb.doctor import examine, worst  # noqa: PLC0415 - until needed

    found = []
    async for finding in examine(environ, profile, environment):
        if not as_json:
            say(str(finding))
        found.append(finding)
    if as_json:
        print(json.dumps(report(found), indent=2))  # noqa: T201
    return worst(found).exit_code


def report(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings as the JSON object that `--json` prints."""
    from tfmfa_nb.doctor import worst  # noqa: PLC0415 - until needed
    from tfmfa_nb.model.version import __version__  # noqa: PLC0415
    from tfmfa_nb.protocol.formats import DOCTOR_REPORT  # noqa: PLC0415

    said = [asdict(finding) for finding in findings]
    return DOCTOR_REPORT.stamp({"tfmfa_nb": __version__, "worst": worst(findings), "findings": said})
