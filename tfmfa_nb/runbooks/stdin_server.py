"""Serves the stdin channel of a kernel: the requests for input that its cells make."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tfmfa_nb.protocol.runner import reply_without
from tfmfa_nb.runbooks.input_responder import END_OF_INPUT, NoTerminal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tfmfa_nb.runbooks.input_responder import InputResponder


class StdinServer:
    """Serves the stdin channel of one kernel.

    Args:
        responder: answers each request.
        interrupt_kernel: stops a cell whose request for input cannot be answered.

    Attributes:
        seconds: how long requests have waited for their answers, in total.
        unanswered: why a request could not be answered, in a sentence; "" if none.
    """

    def __init__(self, responder: InputResponder, interrupt_kernel: Callable[[], Awaitable[None]]) -> None:
        self._responder, self._interrupt_kernel = responder, interrupt_kernel
        self._answering: asyncio.Task[str] | None = None
        self.seconds = 0.0
        self.unanswered = ""

    @property
    def open(self) -> bool:
        """Whether a request waits for its answer."""
        return self._answering is not None

    def leave(self) -> None:
        """Leave the open prompt, as a person does with Ctrl-C."""
        if self._answering is not None:
            self._answering.cancel()

    async def serve(self, client: Any) -> None:
        """Answer requests until canceled.

        Args:
            client: the kernel's client, with started channels.
        """
        while True:
            message = await client.stdin_channel.get_msg(timeout=None)
            if message["msg_type"] != "input_request":
                continue
            started = time.monotonic()
            self._answering = answering = asyncio.create_task(self._responder.answer(message["content"]))
            try:
                await asyncio.wait({answering})
            finally:
                answering.cancel()
                self._answering = None
                self.seconds += time.monotonic() - started
            client.input(await self._reply(answering, message["content"]))
            del answering  # it holds the answer, which may be a code

    async def _reply(self, answering: asyncio.Task[str], content: dict[str, Any]) -> str:
        try:
            return answering.result()
        except asyncio.CancelledError:  # the prompt was left
            if self._responder.question(content) is not None:
                return reply_without()
        except NoTerminal as error:
            self.unanswered = str(error)
        # The interrupt reaches an asynchronous cell; the end of input, a cell that blocks on it.
        await self._interrupt_kernel()
        return END_OF_INPUT
