"""What the forms of `%tfmfa` share: one thing is done at a time, and how it ended is shown where it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.views.form_action import Pressed, Result
from tfmfa_nb.views.sanitize import visible_all
from tfmfa_nb.views.widget import MessageWidget, take_secret

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping

_LONGEST_NUMBER = 64  # of a message, by which its sender knows the answer
_LONGEST_TEXT = 4_096  # what is longer was not typed


class FormWidget(MessageWidget):
    """A form; a subclass names its model and its view.

    Args:
        actions: what a person may press, by the type of its message.
    """

    def __init__(self, actions: Mapping[str, Callable[[Pressed], Awaitable[Result]]]) -> None:
        self._actions = actions
        self._task: asyncio.Task[None] | None = None
        self._busy = ""
        self._last: tuple[str, Result] = ("", Result(""))
        super().__init__()

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
        secret = take_secret(message, "secret", _LONGEST_TEXT)
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
        self._on_loop(self._handle, kind, number, Pressed(texts, secret))

    def _handle(self, kind: str, number: str, pressed: Pressed) -> None:
        if kind == "hello":
            self._displayed.set()
            if self._task is None:
                self._start(self._push())
            else:
                self._tell({})
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
        self._tell({})
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
        self._tell(await self.shown())

    def _tell(self, shown: Mapping[str, Any]) -> None:
        number, result = self._last
        state = {
            "busy": self._busy,
            "result": {
                "number": number, "text": result.text, "good": result.good, "fields": dict(result.fields),
                **result.more,
            },
            "shown": dict(shown),
        }  # fmt: skip
        self._send_state(visible_all(state))
