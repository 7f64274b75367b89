"""`jupyter tfmfa`: the same from a terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_core.application import JupyterApp, base_aliases
from traitlets import Unicode

from tfmfa_nb import __version__
from tfmfa_nb.errors import TfmfaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfmfa_nb.environments import Environment


class RunApp(JupyterApp):
    """`jupyter tfmfa run NOTEBOOK`."""

    name = "jupyter-tfmfa-run"
    description = "Execute a runbook headless, with codes from TFMFA_TOKEN_COMMAND, and save what happened."
    examples = "jupyter tfmfa run notebooks/plan-and-apply.ipynb --output executed.ipynb"
    output = Unicode(help="Where the executed notebook goes; the default is the runbook itself.").tag(config=True)
    aliases = {**base_aliases, "output": "RunApp.output"}

    def start(self) -> None:
        """Execute the notebook that was named.

        Raises:
            SystemExit: 1 where a cell failed, 2 where the call was wrong.
        """
        super().start()
        if len(self.extra_args) != 1:
            self.exit_with("Name one notebook: jupyter tfmfa run NOTEBOOK", 2)
        from tfmfa_nb.errors import ConfigurationError  # noqa: PLC0415
        from tfmfa_nb.runbooks.client import execute  # noqa: PLC0415 - nbclient, until needed

        path = Path(self.extra_args[0])
        try:
            asyncio.run(execute(path, Path(self.output) if self.output else path))
        except ConfigurationError as error:
            self.exit_with(str(error), 2)
        except TfmfaError as error:
            self.exit_with(str(error), 1)

    def exit_with(self, sentence: str, code: int) -> None:
        """Say `sentence` and end with `code`."""
        print(sentence, file=sys.stderr)  # noqa: T201
        self.exit(code)


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


class TfmfaApp(JupyterApp):
    """`jupyter tfmfa`."""

    name = "jupyter-tfmfa"
    version = __version__
    description = "Terraform runs on AWS from notebooks, under multi-factor authentication."
    subcommands = {
        "run": ("tfmfa_nb.app.RunApp", "Execute a runbook headless."),
        "sandbox": ("tfmfa_nb.sandbox.cli.SandboxApp", "An AWS on this machine that is strict about MFA."),
        "doctor": (DoctorApp, "Look at everything that a run depends on."),
        "demo": ("tfmfa_nb.runbooks.demo.DemoApp", "The main job against the sandbox, headless."),
    }

    def start(self) -> None:
        """Hand over to the subcommand, or list them.

        Raises:
            SystemExit: with the subcommand's code; 2 where none was given.
        """
        super().start()
        if self.subapp is None:
            self.print_help()
            self.exit(2)


main = TfmfaApp.launch_instance

if __name__ == "__main__":
    main()
