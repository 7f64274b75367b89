"""What a kernel asks on its standard input, for as long as it lives."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tfmfa_nb.protocol.runner import reply_without
from tfmfa_nb.runbooks.input_responder import NoTerminal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tfmfa_nb.runbooks.input_responder import InputResponder

_END_OF_INPUT = "\x04"  # ipykernel's


class StdinServer:
    """Answers one kernel.

    Args:
        answerer: what is answered.
        interrupt_kernel: stops a cell whose own question nobody answers.

    Attributes:
        open: whether one waits for its answer.
        seconds: how long has been waited for answers.
        nobody: why one could not be answered, in a sentence.
    """

    def __init__(self, answerer: InputResponder, interrupt_kernel: Callable[[], Awaitable[None]]) -> None:
        self._answerer, self._interrupt_kernel = answerer, interrupt_kernel
        self._asking: asyncio.Task[str] | None = None
        self.seconds = 0.0
        self.nobody = ""

    @property
    def open(self) -> bool:
        """Whether one waits for its answer."""
        return self._asking is not None

    def leave(self) -> None:
        """Leave the prompt, as a person does with Ctrl-C."""
        if self._asking is not None:
            self._asking.cancel()

    async def serve(self, client: Any) -> None:
        """Answer until this is cancelled.

        Args:
            client: the kernel's, whose channels have been started.
        """
        while True:
            message = await client.stdin_channel.get_msg(timeout=None)
            if message["msg_type"] != "input_request":
                continue
            began = time.monotonic()
            self._asking = asked = asyncio.create_task(self._answerer.answer(message["content"]))
            try:
                await asyncio.wait({asked})
            finally:
                asked.cancel()
                self._asking = None
                self.seconds += time.monotonic() - began
            client.input(await self._reply(asked, message["content"]))
            del asked  # it holds the answer

    async def _reply(self, asked: asyncio.Task[str], content: dict[str, Any]) -> str:
        try:
            return asked.result()
        except asyncio.CancelledError:  # the prompt was left
            if self._answerer.question(content) is not None:
                return reply_without()
        except NoTerminal as error:
            self.nobody = str(error)
        # The interrupt reaches a cell that waits for its own input; the reply, one whose code is asynchronous.
        await self._interrupt_kernel()
        return _END_OF_INPUT
