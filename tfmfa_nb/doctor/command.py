"""`jupyter tfmfa doctor`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_core.application import JupyterApp, base_aliases
from traitlets import Unicode

from tfmfa_nb.model.errors import TfmfaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment


class DoctorApp(JupyterApp):
    """`jupyter tfmfa doctor`."""

    name = "jupyter-tfmfa-doctor"
    description = (
        "Check everything that a run depends on. The exit code is 0 if all checks pass, 1 for warnings, 2 for errors."
    )
    profile = Unicode(help="AWS profile that holds the organization variables; defaults to AWS_PROFILE.").tag(
        config=True
    )
    chdir = Unicode(help="Folder of a Terraform configuration to check too.").tag(config=True)
    aliases = {**base_aliases, "profile": "DoctorApp.profile", "chdir": "DoctorApp.chdir"}

    def start(self) -> None:
        """Run all checks, and print each finding as it becomes available.

        Raises:
            SystemExit: with the exit code of the worst finding, or 2 for a usage error.
        """
        super().start()
        from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed

        try:
            environment = Environment.at(self.chdir, Path.cwd()) if self.chdir else None
        except TfmfaError as error:
            print(error, file=sys.stderr)  # noqa: T201
            self.exit(2)
        profile = self.profile or os.environ.get("AWS_PROFILE", "")
        self.exit(asyncio.run(print_findings(os.environ, profile, environment)))


async def print_findings(environ: Mapping[str, str], profile: str, environment: Environment | None) -> int:
    """Print the findings, and return the exit code of the worst one."""
    from tfmfa_nb.doctor import examine, worst  # noqa: PLC0415 - until needed

    found = []
    async for finding in examine(environ, profile, environment):
        print(finding, flush=True)  # noqa: T201
        found.append(finding)
    return worst(found).exit_code
