"""The prompt that runs a token command, such as `ykman oath accounts code`, which reads the code from a device."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.authentication.mfa_codes import UsedCodes
from tfmfa_nb.authentication.refusal import Refused, next_code_at
from tfmfa_nb.model.errors import ConfigurationError, PromptUnavailable, RunCanceled
from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.model.redaction import Redactor, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfmfa_nb.prompts import CodeRequest

_CODE = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")
_MAX_OUTPUT = 64 * 1024  # bytes kept from the end of the output, where the code is
_KILL_TIMEOUT = 2.0  # seconds to wait for the exit of a killed command
_LOOK = 0.1  # seconds between two looks at whether the run was canceled
_MAX_MESSAGE = 200  # characters shown of the command's error message
_MAX_WAIT, _RETRY_DELAY = 35.0, 5.0  # seconds to wait in all, and between two tries, for a code that is not yet used
# One for the process: each phase of a run has its own prompt, but the device is the same.
_RETURNED_CODES = UsedCodes()
_COMMAND_TIMEOUT = 120.0  # seconds; the device may require a touch, or wait for its next code


class CommandPrompt:
    """Runs a command that prints a code on its standard output.

    Args:
        command: command line; it is split like a shell does, but runs without a shell.
        seconds: timeout of the command.
        environ: environment variables of the command; None for this process's own.

    Raises:
        ConfigurationError: the command line is empty or has unbalanced quotes.
    """

    kind: PromptKind | None = PromptKind.COMMAND
    max_attempts: int | None = 3

    def __init__(
        self,
        command: str,
        seconds: float = _COMMAND_TIMEOUT,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise ConfigurationError(
                f"token_command is not a valid command line: {error}.", "Check its quotes."
            ) from None
        if not self._arguments:
            raise ConfigurationError("token_command is empty.", "Set it to a command that prints the code.")
        self._seconds = seconds
        self._environ = environ

    async def ask(self, request: CodeRequest) -> Secret:
        """The last code in the command's output.

        A device shows the same code for 30 seconds, but AWS accepts each code only once. If the command prints a code
        that was already returned, the prompt waits for the next one.

        Raises:
            RunCanceled: a person has canceled the run; the command has ended.
            PromptUnavailable: the command fails, prints no code, or keeps printing the same one.
        """
        asking = asyncio.ensure_future(self._ask(request))
        try:
            while not asking.done():
                if request.canceled():
                    raise RunCanceled("The run was canceled.", "Nothing was changed.")
                await asyncio.wait({asking}, timeout=_LOOK)
        finally:
            if not asking.done():
                asking.cancel()
                await asyncio.wait({asking})
        return asking.result()

    async def _ask(self, request: CodeRequest) -> Secret:
        waited, delay = 0.0, next_code_at() - time.time()
        program = Path(self._arguments[0]).name  # not the arguments, which may be secret
        shown = f"{program} …" if len(self._arguments) > 1 else program
        request.tell(f"Waiting for a code from the token command `{shown}`: touch your key if it blinks.")
        while True:
            code = await self._fetch()
            try:
                _RETURNED_CODES.refuse_if_used(request.serial_number, code)
            except Refused:
                code.forget()
            else:
                _RETURNED_CODES.remember(request.serial_number, code)
                purpose = f'to {request.phase} "{request.environment}"'
                request.tell(f"Got a code from the token command ({program}) {purpose}.")
                return code
            if waited > _MAX_WAIT:
                raise PromptUnavailable(
                    f"The token command {self._arguments[0]!r} has printed the same code for {waited:.0f} seconds.",
                    "Check that it prints the device's current code.",
                )
            request.tell(f"This code was already used. Waiting {delay:.0f} seconds for the next one.")
            await asyncio.sleep(delay)
            waited, delay = waited + delay, _RETRY_DELAY  # the device's clock may be a little behind

    async def _fetch(self) -> Secret:
        name = self._arguments[0]
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                env=self._environ,
            )
        )
        try:
            # If canceled itself, asyncio would wait until all processes that the command started close its output.
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, ValueError):
                await _end(await starting)
            raise
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not a command"
            raise PromptUnavailable(f"The token command {name!r} cannot be started: {reason}.") from None
        try:
            async with asyncio.timeout(self._seconds):
                output, errors = await asyncio.gather(_end_of(process.stdout), _end_of(process.stderr))
                await process.wait()
        except TimeoutError:
            raise PromptUnavailable(
                f"The token command {name!r} printed no code within {self._seconds:g} seconds."
            ) from None
        finally:
            await _end(process)
        codes = [Secret(code) for code in _CODE.findall(output)]
        if process.returncode or not codes:
            reason = f"failed with exit code {process.returncode}" if process.returncode else "printed no code"
            # The error message may quote the code.
            lines = Redactor([*codes, *map(Secret, _CODE.findall(errors))])(errors).strip().splitlines()
            message = f": {lines[-1][:_MAX_MESSAGE]}" if lines else ""
            raise PromptUnavailable(f"The token command {name!r} {reason}{message}.")
        return codes[-1]

    async def confirm(
        self,
        question: str,  # noqa: ARG002 - signature of `Prompt`
        *,
        decision: Sequence[str] = (),  # noqa: ARG002
        word: str = "",  # noqa: ARG002
    ) -> NoReturn:
        """Raise PromptUnavailable: a command cannot confirm."""
        raise PromptUnavailable(
            "A confirmation is required, but a token command cannot give one.",
            "Plan with %%tfplan and apply with %tfapply in separate cells, or pass --auto-approve.",
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a command that is still running, and every process that it started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KILL_TIMEOUT):  # asyncio notices the exit only after the pipes are read
                await asyncio.gather(_end_of(process.stdout), _end_of(process.stderr), process.wait())


async def _end_of(stream: asyncio.StreamReader | None) -> str:
    """The end of the stream; reading stops only at its end, but an endless stream must not fill the memory."""
    end = b""
    while stream and (chunk := await stream.read(_MAX_OUTPUT)):
        end = (end + chunk)[-_MAX_OUTPUT:]
    return end.decode("utf-8", "replace")
