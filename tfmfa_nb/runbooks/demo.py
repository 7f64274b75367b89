"""`jupyter tfmfa demo`: the main job, headless, against the sandbox, with its result checked in the sandbox."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_core.application import JupyterApp
from traitlets import Unicode

from tfmfa_nb.environments.files import write_whole
from tfmfa_nb.model.errors import ConfigurationError, RunbookFailed, TfmfaError
from tfmfa_nb.views.sanitize import plain, visible

if TYPE_CHECKING:
    from tfmfa_nb.sandbox.handle import Sandbox


class DemoApp(JupyterApp):
    """Plan and apply under MFA, from a notebook that nobody sits at."""

    name = "jupyter-tfmfa-demo"
    description = "Start the sandbox, execute notebooks/plan-and-apply.ipynb with a code for each phase, check it."
    notebook = Unicode("notebooks/plan-and-apply.ipynb", help="The runbook.").tag(config=True)
    folder = Unicode("build/demo", help="Where everything is made; emptied first.").tag(config=True)

    def start(self) -> None:
        """Run the demo.

        Raises:
            SystemExit: 1, after one clear line, for anything amiss.
        """
        super().start()
        try:
            demonstrate(Path(self.notebook), Path(self.folder))
        except TfmfaError as error:
            print(f"The demo failed. {error}", file=sys.stderr)  # noqa: T201
            self.exit(1)


def demonstrate(notebook: Path, folder: Path) -> None:
    """The whole demo.

    Raises:
        TfmfaError: what went wrong.
    """
    from tfmfa_nb.runbooks.execution import execute  # noqa: PLC0415 - nbclient, until needed
    from tfmfa_nb.sandbox.handle import Sandbox  # noqa: PLC0415 - moto
    from tfmfa_nb.terraform.mirror import provider_environment  # noqa: PLC0415

    if not notebook.is_file():
        raise ConfigurationError(f"There is no notebook {notebook}.", "Run the demo in the repository's root.")
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _say("Starting an AWS that is strict about MFA, on this machine …")
    sandbox = Sandbox.start(folder / "sandbox")
    try:
        _say("User alice with an access key and a virtual MFA device; role deploy, which demands MFA.")
        environ = {
            **os.environ,
            **sandbox.environment(),
            **provider_environment(os.environ, folder),
            **_policy(folder),
            "TFMFA_TOKEN_COMMAND": _code(),
        }
        asyncio.run(execute(notebook, folder / notebook.name, environ=environ, say=_say))
        _check(sandbox)
    finally:
        sandbox.stop()
    _say(f"The executed runbook is {folder / notebook.name}. Done in {time.monotonic() - began:.0f} s.")


def _policy(folder: Path) -> dict[str, str]:
    """An organization that has switched MFA on; without one no level can be set."""
    file = folder / "policy.toml"
    write_whole(file, "mfa = true\n", mode=0o644)
    return {"TFMFA_POLICY": str(file.absolute())}


def _code() -> str:
    """The device's next code; it waits for the next window, as a person does."""
    return shlex.join([sys.executable, "-m", "tfmfa_nb.app", "sandbox", "code"])


def _check(sandbox: Sandbox) -> None:
    """The resources are in the sandbox, and every one was made by the role, with MFA."""
    calls = [call for call in sandbox.calls() if call["allowed"]]
    sessions = [call for call in calls if call["action"] == "GetSessionToken"]
    assumed = [call for call in calls if call["action"] == "AssumeRole"]
    made = [call for call in calls if call["action"] in {"PutParameter", "CreateTopic"}]
    if len(sessions) != 2 or not all(call["mfa"] for call in assumed):  # noqa: PLR2004 - one for each phase
        raise RunbookFailed("The sandbox did not see one code for each phase.")
    if not made or any("assumed-role/deploy/" not in call["identity"] for call in made):
        raise RunbookFailed("The resources were not made by the role.")
    parameters = [entry["Name"] for entry in sandbox.client("ssm").describe_parameters()["Parameters"]]
    topics = [entry["TopicArn"] for entry in sandbox.client("sns").list_topics()["Topics"]]
    there = sorted([*parameters, *topics])
    if len(there) != len(made):
        raise RunbookFailed(f"{len(made)} resources were made, but the sandbox has {', '.join(there) or 'none'}.")
    _say(f"The sandbox gave {len(sessions)} sessions for codes, and {len(assumed)} roles, all with MFA. It now has:")
    for name in there:
        _say(f"   {name}")


def _say(line: str) -> None:
    print(visible(line) if sys.stdout.isatty() else plain(line), flush=True)  # noqa: T201
