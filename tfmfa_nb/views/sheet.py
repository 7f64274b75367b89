"""What the forms of `%tfmfa` share: they talk in custom messages only, and have no synced trait of their own.

Widget state is public and may be saved in the notebook, so neither what is typed nor what is shown becomes any. A
message may be lost: the kernel sends the whole state each time, and the front end asks again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget

from tfmfa_nb.errors import TfmfaError
from tfmfa_nb.redaction import Secret
from tfmfa_nb.views.pressed import Pressed, Result
from tfmfa_nb.views.visible import visible_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_HERE = Path(__file__).parent
_LONGEST_NUMBER = 64  # of a message, by which its sender knows the answer
_LONGEST_TEXT = 4_096  # what is longer was not typed


def source(name: str) -> str:
    """The JavaScript of the form `name`, with what it builds on."""
    return "\n".join((_HERE / file).read_text("utf-8") for file in ("elements.js", "sheet.js", f"{name}.js"))


class Sheet(anywidget.AnyWidget):
    """A form; made on the kernel's loop.

    Args:
        actions: what a person may press, by the type of its message.
    """

    _css = "\n".join((_HERE / name).read_text("utf-8") for name in ("card.css", "sheet.css"))

    def __init__(self, actions: Mapping[str, Callable[[Pressed], Awaitable[Result]]]) -> None:
        self._actions = actions
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._busy = ""
        self._last: tuple[str, Result] = ("", Result(""))
        self._sequence = 0
        super().__init__()
        self.on_msg(self._receive)

    async def wait_for_front_end(self, seconds: float) -> bool:
        """Whether a front end has shown the form, now or within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        except TimeoutError:
            return False
        return True

    async def shown(self) -> dict[str, Any]:
        """What the form shows besides the last result."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the front end, and of what is under way."""
        if task := getattr(self, "_task", None):
            task.cancel()
        super().close()

    def _receive(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """One message of a front end; what was typed does not stay behind in it, whatever else it is."""
        if not isinstance(message, dict):
            return
        typed = message.pop("secret", None)
        secret = Secret(typed.strip() if isinstance(typed, str) and len(typed) <= _LONGEST_TEXT else "")
        del typed
        kind, number, given = message.get("type"), message.get("number"), message.get("texts")
        texts = {
            name: text.strip()
            for name, text in (given.items() if isinstance(given, dict) else ())
            if isinstance(text, str) and len(text) <= _LONGEST_TEXT
        }
        if not isinstance(number, str) or len(number) > _LONGEST_NUMBER:
            number = ""
        if not isinstance(kind, str):
            return
        # Front ends may send comm messages to a subshell, whose thread is not the loop's.
        with suppress(RuntimeError):  # the loop has ended, and with it everything that could be shown
            self._loop.call_soon_threadsafe(self._handle, kind, number, Pressed(texts, secret))

    def _handle(self, kind: str, number: str, pressed: Pressed) -> None:
        if kind == "hello":
            self._heard.set()
            if self._task is None:
                self._start(self._push())
            else:
                self._send_state({})
        elif kind in self._actions and not self._busy:
            self._busy = kind
            self._start(self._act(kind, number, pressed))

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._task = task
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        if self._task is task:
            self._task = None

    async def _act(self, kind: str, number: str, pressed: Pressed) -> None:
        self._send_state({})
        try:
            result = await self._actions[kind](pressed)
        except (TfmfaError, OSError) as error:
            result = Result(str(error), good=False)
        finally:
            pressed.secret.forget()  # whoever keeps it has made it their own
            self._busy = ""
        self._last = (number, result)
        await self._push()

    async def _push(self) -> None:
        self._send_state(await self.shown())

    def _send_state(self, shown: Mapping[str, Any]) -> None:
        self._sequence += 1
        number, result = self._last
        state = {
            "busy": self._busy,
            "result": {
                "number": number, "text": result.text, "good": result.good, "fields": dict(result.fields),
                **result.more,
            },
            "shown": dict(shown),
        }  # fmt: skip
        self.send({"type": "state", "seq": self._sequence, **visible_all(state)})
