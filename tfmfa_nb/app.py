"""`jupyter tfmfa`: the same from a terminal."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from jupyter_core.application import JupyterApp, base_aliases
from traitlets import Unicode

from tfmfa_nb import __version__
from tfmfa_nb.errors import TfmfaError


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


class TfmfaApp(JupyterApp):
    """`jupyter tfmfa`."""

    name = "jupyter-tfmfa"
    version = __version__
    description = "Terraform runs on AWS from notebooks, under multi-factor authentication."
    subcommands = {
        "run": ("tfmfa_nb.app.RunApp", "Execute a runbook headless."),
        "sandbox": ("tfmfa_nb.sandbox.cli.SandboxApp", "An AWS on this machine that is strict about MFA."),
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
