"""`jupyter tfmfa sandbox`: start one, read its device, and make it misbehave."""

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
from typing import NoReturn

from jupyter_core.application import JupyterApp, base_aliases, base_flags
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import Bool, Float, Int

from tfmfa_nb.model.errors import SandboxError
from tfmfa_nb.sandbox.faults import FAULTS
from tfmfa_nb.sandbox.handle import INFO_VARIABLE, Sandbox
from tfmfa_nb.terraform.mirror import provider_environment

_POINTER = "tfmfa-sandbox"
_BY_SIGNAL = 128  # a shell's exit code for what a signal ended is this and the signal's number


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command speaks on its standard output


class _SandboxCommand(JupyterApp):
    """A command that speaks to the running sandbox; its errors are one line."""

    def running(self) -> Sandbox:
        """The sandbox of this terminal, else the last one started on this machine.

        Raises:
            SandboxError: none is running.
        """
        named = os.environ.get(INFO_VARIABLE)
        pointer = Path(jupyter_runtime_dir()) / _POINTER
        if not named and pointer.is_file():
            named = pointer.read_text()
        return Sandbox.find(Path(named or "none"))

    def start(self) -> None:
        """Do the command."""
        super().start()
        try:
            self.act()
        except SandboxError as error:
            print(error, file=sys.stderr)  # noqa: T201
            self.exit(1)

    def act(self) -> None:
        """What the command does.

        Raises:
            SandboxError: it cannot.
        """


class StartApp(_SandboxCommand):
    """`jupyter tfmfa sandbox start [-- COMMAND]`."""

    name = "jupyter-tfmfa-sandbox-start"
    description = "Start an AWS on this machine that is strict about MFA; with a command, for as long as that runs."
    port = Int(0, help="0 takes a free one.").tag(config=True)
    user_may_act = Bool(default_value=False, help="Let alice act without a role, for runs without MFA.").tag(
        config=True
    )
    aliases = {**base_aliases, "port": "StartApp.port"}
    flags = {
        **base_flags,
        "user-may-act": ({"StartApp": {"user_may_act": True}}, "Let alice act without a role."),
    }

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Keep what follows "--" for the command."""
        words = list(sys.argv[1:] if argv is None else argv)
        at = words.index("--") if "--" in words else len(words)
        self._command = words[at + 1 :]
        super().parse_command_line(words[:at])

    def act(self) -> None:
        """Start, say how to use it, wait."""
        # A terminal that is closed, or a supervisor, must leave no keys and no server behind either.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        folder = Path(tempfile.mkdtemp(prefix="tfmfa-sandbox-"))
        code = 0
        try:
            sandbox = Sandbox.start(folder, self.port, user_may_act=self.user_may_act)
            try:
                with contextlib.suppress(KeyboardInterrupt):  # that is how it is stopped, whenever it comes
                    code = self._serve(sandbox, folder)
            finally:
                sandbox.stop()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self.exit(code)

    def _serve(self, sandbox: Sandbox, folder: Path) -> int:
        environ = {**sandbox.environment(), **provider_environment(os.environ, folder)}
        script = folder / "environment.sh"
        script.touch(mode=0o600)
        script.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environ.items()))
        pointer = Path(jupyter_runtime_dir()) / _POINTER
        pointer.parent.mkdir(parents=True, exist_ok=True)
        pointer.write_text(str(sandbox.path))
        try:
            _say(
                f"The sandbox runs at {environ['AWS_ENDPOINT_URL']}; alice's MFA device, for your authenticator app:\n"
            )
            _show_qr(sandbox)
            _say(f"The next code:            {_again()} code")
            if not self._command:
                _say(f"In another terminal:      source {script}\nCtrl-C stops the sandbox.")
                _wait()
            try:
                child = subprocess.Popen(self._command, env={**os.environ, **environ})
            except (OSError, ValueError) as error:
                raise SandboxError(f"{self._command[0]!r} cannot be started: {error}.") from None
            return _follow(child)
        finally:
            pointer.unlink(missing_ok=True)


class CodeApp(_SandboxCommand):
    """`jupyter tfmfa sandbox code`."""

    name = "jupyter-tfmfa-sandbox-code"
    description = "Print the next code of alice's MFA device; each code once, so it may wait for the next window."
    advance = Bool(default_value=False, help="Move the sandbox's clock instead of waiting.").tag(config=True)
    flags = {**base_flags, "advance": ({"CodeApp": {"advance": True}}, "Move the clock; do not wait.")}

    def act(self) -> None:
        """Print one code."""
        _say(self.running().code(wait=not self.advance))


class QrApp(_SandboxCommand):
    """`jupyter tfmfa sandbox qr`."""

    name = "jupyter-tfmfa-sandbox-qr"
    description = "Show alice's MFA device as a QR code for an authenticator app."

    def act(self) -> None:
        """Draw it."""
        _show_qr(self.running())


class ExpireApp(_SandboxCommand):
    """`jupyter tfmfa sandbox expire`."""

    name = "jupyter-tfmfa-sandbox-expire"
    description = "End all temporary credentials now."

    def act(self) -> None:
        """End them."""
        self.running().expire()
        _say("All sessions have expired.")


class FaultApp(_SandboxCommand):
    """`jupyter tfmfa sandbox fault KIND`."""

    name = "jupyter-tfmfa-sandbox-fault"
    description = f"Make the next calls that carry a code fail: {', '.join(FAULTS)}."
    times = Int(1, min=1, help="How many calls.").tag(config=True)
    seconds = Float(20.0, min=0.0, help="How long an answer takes, if the fault is `slow`.").tag(config=True)
    aliases = {**base_aliases, "times": "FaultApp.times", "seconds": "FaultApp.seconds"}

    def act(self) -> None:
        """Plan the fault."""
        if len(self.extra_args) != 1:
            raise SandboxError(f"Name one fault: {', '.join(FAULTS)}.")
        self.running().fault(self.extra_args[0], self.times, self.seconds)
        calls = "call that carries" if self.times == 1 else f"{self.times} calls that carry"
        _say(f"The next {calls} a code: {self.extra_args[0]}.")


class SandboxApp(JupyterApp):
    """`jupyter tfmfa sandbox`."""

    name = "jupyter-tfmfa-sandbox"
    description = "An AWS on this machine that is strict about MFA."
    subcommands = {
        "start": (StartApp, "Start it; with -- COMMAND for as long as that runs."),
        "code": (CodeApp, "Print the MFA device's next code."),
        "qr": (QrApp, "Show the MFA device as a QR code."),
        "expire": (ExpireApp, "End all sessions now."),
        "fault": (FaultApp, "Make the next calls that carry a code fail."),
    }

    def start(self) -> None:
        """Hand over to the subcommand, or list them."""
        super().start()
        if self.subapp is None:
            self.print_help()
            self.exit(2)


def _show_qr(sandbox: Sandbox) -> None:
    import segno  # noqa: PLC0415

    segno.make(sandbox.uri(), error="l").terminal(compact=True)


def _again() -> str:
    """This command without its last words, as the person can type it."""
    return (
        "jupyter tfmfa sandbox"
        if shutil.which("jupyter-tfmfa")
        else f"{Path(sys.executable).parent}/jupyter tfmfa sandbox"
    )


def _leave(number: int, _frame: object) -> NoReturn:
    raise SystemExit(_BY_SIGNAL + number)


def _wait() -> NoReturn:
    while True:
        signal.pause()


def _follow(child: subprocess.Popen[bytes]) -> int:
    """Wait for the command, which gets the terminal's Ctrl-C itself; the exit code is as a shell would give it."""
    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            continue
        except SystemExit:
            child.terminate()
            child.wait()
            raise
        return code if code >= 0 else _BY_SIGNAL - code
