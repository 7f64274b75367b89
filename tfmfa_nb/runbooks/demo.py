"""`jupyter tfmfa demo`: plans and applies headless against a sandbox, and checks in the sandbox what was created."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError, RunbookFailed
from tfmfa_nb.views.sanitize import plain, sanitize

if TYPE_CHECKING:
    import argparse

    from tfmfa_nb.sandbox.handle import Sandbox

_DESCRIPTION = """\
Start a sandbox, execute a runbook against it with an MFA code for the plan and
another for the apply, and check in the sandbox that the role created the
resources with MFA. The second code is the MFA device's next one, so the demo
takes about a minute.
"""
_EPILOG = """\
example:
  jupyter tfmfa demo --folder build/demo
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command to its parser."""
    parser.usage, parser.description, parser.epilog = "%(prog)s [options] [NOTEBOOK]", _DESCRIPTION, _EPILOG
    parser.add_argument(
        "notebook",
        nargs="?",
        type=Path,
        default=Path("notebooks/plan-and-apply.ipynb"),
        metavar="NOTEBOOK",
        help="runbook to execute (default: %(default)s)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("build/demo"),
        metavar="DIR",
        help="folder for everything that the demo writes; emptied first (default: %(default)s)",
    )
    parser.set_defaults(execute=_execute)


def _execute(options: argparse.Namespace) -> int:
    demonstrate(options.notebook, options.folder)
    return 0


def demonstrate(notebook: Path, folder: Path) -> None:
    """Execute the demo.

    Args:
        notebook: the runbook.
        folder: where everything is written; emptied first.

    Raises:
        ConfigurationError: there is no such notebook.
        SandboxError: the sandbox does not start.
        RunbookFailed: the runbook stopped before its end, or the sandbox does not have what it should.
    """
    from tfmfa_nb.runbooks.execution import execute  # noqa: PLC0415 - nbclient, until needed
    from tfmfa_nb.sandbox.extra import require_extra  # noqa: PLC0415
    from tfmfa_nb.sandbox.handle import Sandbox  # noqa: PLC0415 - moto
    from tfmfa_nb.terraform.provider_mirror import provider_environ  # noqa: PLC0415

    if not notebook.is_file():
        raise ConfigurationError(f"There is no notebook {notebook}.", "Run the demo in the root of the repository.")
    require_extra()
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _say("Starting a sandbox: an AWS on this machine that is strict about MFA …")
    # Not in `folder`: others may be able to write to a folder above it, and then the sandbox's policy is not trusted.
    with TemporaryDirectory(prefix="tfmfa-demo-") as private:
        sandbox = Sandbox.start(Path(private))
        try:
            _say(
                "It has the user alice, with an access key and an MFA device, and the role deploy, which requires MFA."
            )
            environ = {
                **os.environ,
                **sandbox.environ(),
                **provider_environ(os.environ, folder),
                "TFMFA_TOKEN_COMMAND": _token_command(),
            }
            asyncio.run(execute(notebook, folder / notebook.name, environ=environ, say=_say))
            _check(sandbox)
        finally:
            sandbox.stop()
    _say(f"Done in {time.monotonic() - began:.0f} s. The executed runbook is {folder / notebook.name}.")


def _token_command() -> str:
    """Prints the device's next code; it waits for it, as a person does."""
    return shlex.join([sys.executable, "-m", "tfmfa_nb.app", "sandbox", "code"])


def _check(sandbox: Sandbox) -> None:
    """Make sure that the sandbox has the resources, and that the role created each of them, with MFA."""
    calls = [call for call in sandbox.calls() if call["allowed"]]
    sessions = [call for call in calls if call["action"] == "GetSessionToken"]
    assumed = [call for call in calls if call["action"] == "AssumeRole"]
    created = [call for call in calls if call["action"] in {"PutParameter", "CreateTopic"}]
    if len(sessions) != 2 or not all(call["mfa"] for call in assumed):  # noqa: PLR2004 - one per phase
        raise RunbookFailed("The sandbox did not get one MFA code per phase.")
    if not created or any("assumed-role/deploy/" not in call["identity"] for call in created):
        raise RunbookFailed("The role deploy did not create the resources.")
    parameters = [entry["Name"] for entry in sandbox.client("ssm").describe_parameters()["Parameters"]]
    topics = [entry["TopicArn"] for entry in sandbox.client("sns").list_topics()["Topics"]]
    found = sorted([*parameters, *topics])
    if len(found) != len(created):
        raise RunbookFailed(f"{len(created)} resources were created, but the sandbox has {', '.join(found) or 'none'}.")
    _say(
        f"The sandbox exchanged {len(sessions)} MFA codes for sessions, and gave {len(assumed)} role sessions, "
        "all with MFA. It now has:"
    )
    for name in found:
        _say(f"   {name}")


def _say(line: str) -> None:
    print(sanitize(line) if sys.stdout.isatty() else plain(line), flush=True)  # noqa: T201
