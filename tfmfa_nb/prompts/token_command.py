"""Asks a command, such as `ykman oath accounts code`, which reads a device."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import time
from typing import TYPE_CHECKING, NoReturn

from tfmfa_nb.authentication.mfa_codes import UsedCodes
from tfmfa_nb.authentication.refusal import Refused, next_code_at
from tfmfa_nb.model.errors import ConfigurationError, PromptUnavailable
from tfmfa_nb.model.redaction import Redactor, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tfmfa_nb.prompts import CodeRequest

_CODE = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")
_KEPT = 64 * 1024  # bytes: the end of the output, where the code is
_LAST = 2.0  # seconds to see a killed command's end
_SHOWN = 200  # characters of its complaint
_LONGEST, _PAUSE = 35.0, 5.0  # seconds: for how long the same code is put up with, and between two looks
# Process-wide: each run's phase has a prompt of its own, but the device is the same.
_RETURNED_CODES = UsedCodes()
_SECONDS = 120.0  # a device may wait for a touch, and for its next window


class CommandPrompt:
    """A command that prints a code on its standard output.

    Args:
        command: split as a shell would, and run without one.
        seconds: how long it may take.
        environ: its environment; this process's own where it is None.
        tell: told one sentence where the device's next code has to be waited for.

    Raises:
        ConfigurationError: the command cannot be split into words.
    """

    attempts: int | None = 3

    def __init__(
        self,
        command: str,
        seconds: float = _SECONDS,
        *,
        environ: Mapping[str, str] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise ConfigurationError(f"token_command cannot be split into words: {error}.") from None
        if not self._words:
            raise ConfigurationError("token_command is empty.", "Set a command that prints the code.")
        self._seconds = seconds
        self._environ, self._tell = environ, tell

    async def ask(self, request: CodeRequest) -> Secret:
        """The last code in the command's output, fetched now.

        A device shows the same code for thirty seconds, and AWS takes it once: one that was given before is not
        given again, but the next one waited for.

        Raises:
            PromptUnavailable: the command failed, printed no code, or the same one for longer than a device shows it.
        """
        waited, pause = 0.0, next_code_at() - time.time()
        while True:
            code = await self._fetch()
            try:
                _RETURNED_CODES.refuse_if_used(request.serial_number, code)
            except Refused:
                code.forget()
            else:
                _RETURNED_CODES.remember(request.serial_number, code)
                return code
            if waited > _LONGEST:
                raise PromptUnavailable(
                    f"The token command {self._words[0]} prints the same code for {waited:.0f} seconds."
                )
            self._tell(f"That code was used already: waiting {pause:.0f} seconds for the device's next one.")
            await asyncio.sleep(pause)
            waited, pause = waited + pause, _PAUSE  # the device's clock may be a little behind

    async def _fetch(self) -> Secret:
        name = self._words[0]
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *self._words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                env=self._environ,
            )
        )
        try:
            # Canceled itself, asyncio would wait until all that the command has started lets go of its output.
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, ValueError):
                await _end(await starting)
            raise
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no command"
            raise PromptUnavailable(f"The token command {name!r} cannot be started: {why}.") from None
        try:
            async with asyncio.timeout(self._seconds):
                output, complaint = await asyncio.gather(_end_of(process.stdout), _end_of(process.stderr))
                await process.wait()
        except TimeoutError:
            raise PromptUnavailable(f"The token command {name!r} gave no code in {self._seconds:g} seconds.") from None
        finally:
            await _end(process)
        codes = [Secret(code) for code in _CODE.findall(output)]
        if process.returncode or not codes:
            why = f"ended with exit code {process.returncode}" if process.returncode else "printed no code"
            # A command may well complain about the code that it has just read.
            said = Redactor([*codes, *map(Secret, _CODE.findall(complaint))])(complaint).strip().splitlines()
            raise PromptUnavailable(f"The token command {name!r} {why}{': ' + said[-1][:_SHOWN] if said else ''}.")
        return codes[-1]

    async def confirm(self, question: str) -> NoReturn:  # noqa: ARG002 - Prompt's own signature
        """A command cannot agree to anything."""
        raise PromptUnavailable(
            "A confirmation is needed, and a token command cannot give one.",
            "Plan with %%tfplan and apply with %tfapply in cells of their own, or give --auto-approve.",
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a command that has not ended, and whatever it started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST):  # asyncio knows of the end only when the pipes are read
                await asyncio.gather(_end_of(process.stdout), _end_of(process.stderr), process.wait())


async def _end_of(stream: asyncio.StreamReader | None) -> str:
    """Read it all, and keep what fits: a command that never stops must not fill the memory."""
    kept = b""
    while stream and (chunk := await stream.read(_KEPT)):
        kept = (kept + chunk)[-_KEPT:]
    return kept.decode("utf-8", "replace")
