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
    description = "Look at everything that a run depends on; the exit code is 0, 1 or 2 by the worst that was found."
    profile = Unicode(help="The AWS profile of the organization variables; the default is AWS_PROFILE.").tag(
        config=True
    )
    chdir = Unicode(help="A folder of Terraform configuration to look at too.").tag(config=True)
    aliases = {**base_aliases, "profile": "DoctorApp.profile", "chdir": "DoctorApp.chdir"}

    def start(self) -> None:
        """Examine, and tell each finding as it comes.

        Raises:
            SystemExit: with the worst finding's exit code; 2 where the call was wrong.
        """
        super().start()
        from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed

        try:
            environment = Environment.at(self.chdir, Path.cwd()) if self.chdir else None
        except TfmfaError as error:
            print(error, file=sys.stderr)  # noqa: T201
            self.exit(2)
        self.exit(asyncio.run(tell(os.environ, self.profile or os.environ.get("AWS_PROFILE", ""), environment)))


async def tell(environ: Mapping[str, str], profile: str, environment: Environment | None) -> int:
    """Print the doctor's findings; the result is the worst one's exit code."""
    from tfmfa_nb.doctor import examine, worst  # noqa: PLC0415 - until needed

    found = []
    async for finding in examine(environ, profile, environment):
        print(finding, flush=True)  # noqa: T201
        found.append(finding)
    return worst(found).exit_code
