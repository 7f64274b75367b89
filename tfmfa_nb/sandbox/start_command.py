"""`jupyter tfmfa sandbox start`: runs a sandbox until a command ends, or until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from jupyter_core.paths import jupyter_runtime_dir

from tfmfa_nb.model.errors import SandboxError
from tfmfa_nb.sandbox.handle import Sandbox
from tfmfa_nb.terraform.provider_mirror import provider_environ

if TYPE_CHECKING:
    import argparse

_SIGNALED = 128  # a shell's exit code for a process that a signal ended is this plus the signal's number

_DESCRIPTION = """\
Start a sandbox, and print its address and alice's MFA device as a QR code for
an authenticator app.

With a COMMAND, the sandbox runs until the command ends; the command's process
environment points Terraform and the AWS SDKs to the sandbox. Without a COMMAND,
the sandbox runs until Ctrl-C; a shell script sets the same variables in other
terminals.
"""
_EPILOG = """\
The exit code is that of COMMAND; without a COMMAND, 0.

examples:
  jupyter tfmfa sandbox start --port 5000
  jupyter tfmfa sandbox start -- jupyter tfmfa run deploy.ipynb
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command to its parser."""
    parser.usage, parser.description, parser.epilog = "%(prog)s [options] [-- COMMAND ...]", _DESCRIPTION, _EPILOG
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="command to run against the sandbox")
    parser.add_argument("--port", type=int, default=0, metavar="PORT", help="TCP port (default: a free one)")
    parser.add_argument(
        "--user-may-act", action="store_true", help="let alice act without a role, to try runs that ask for no code"
    )
    parser.set_defaults(execute=_execute)


def pointer_path() -> Path:
    """The file that names the file of the last sandbox started on this machine."""
    return Path(jupyter_runtime_dir()) / "tfmfa-sandbox"


def show_qr(sandbox: Sandbox) -> None:
    """Print alice's MFA device as a QR code."""
    import segno  # noqa: PLC0415 - only in the extra `sandbox`

    segno.make(sandbox.uri(), error="l").terminal(compact=True)


def _execute(options: argparse.Namespace) -> int:
    # A terminal that is closed, or a supervisor, must leave no keys and no server behind either.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit_by_signal)
    folder = Path(tempfile.mkdtemp(prefix="tfmfa-sandbox-"))
    exit_code = 0
    try:
        sandbox = Sandbox.start(folder, options.port, user_may_act=options.user_may_act)
        try:
            with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how a sandbox is stopped
                exit_code = _serve(sandbox, folder, options.command)
        finally:
            sandbox.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return exit_code


def _serve(sandbox: Sandbox, folder: Path, command: list[str]) -> int:
    """Run `command` against the sandbox, or wait for a signal; the exit code."""
    environ = {**sandbox.environ(), **provider_environ(os.environ, folder)}
    script = folder / "environ.sh"
    script.touch(mode=0o600)
    script.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environ.items()))
    pointer = pointer_path()
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.write_text(str(sandbox.path))
    try:
        _say(f"The sandbox is running at {environ['AWS_ENDPOINT_URL']}. Scan alice's MFA device:\n")
        show_qr(sandbox)
        _say(f"To print the next code:        {_this_program()} code")
        if not command:
            _say(f"To use it in another terminal: source {script}\nTo stop it:                    Ctrl-C")
            _wait()
        try:
            child = subprocess.Popen(command, env={**os.environ, **environ})
        except (OSError, ValueError) as error:
            raise SandboxError(f"Cannot start {command[0]!r}: {error}.") from None
        return _wait_for(child)
    finally:
        pointer.unlink(missing_ok=True)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command speaks on standard output


def _this_program() -> str:
    """`jupyter tfmfa sandbox`, with its path where the shell would not find it."""
    jupyter = "jupyter" if shutil.which("jupyter-tfmfa") else f"{Path(sys.executable).parent}/jupyter"
    return f"{jupyter} tfmfa sandbox"


def _exit_by_signal(number: int, _frame: object) -> NoReturn:
    raise SystemExit(_SIGNALED + number)


def _wait() -> NoReturn:
    while True:
        signal.pause()


def _wait_for(child: subprocess.Popen[bytes]) -> int:
    """Wait for the command, which gets the terminal's Ctrl-C itself; the exit code as a shell would give it."""
    while True:
        try:
            exit_code = child.wait()
        except KeyboardInterrupt:
            continue
        except SystemExit:
            child.terminate()
            child.wait()
            raise
        return exit_code if exit_code >= 0 else _SIGNALED - exit_code
