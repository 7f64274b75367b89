"""The base of the forms of `%tfmfa`, which run one action at a time and show its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.messages import FormAction, FormResult, FormState, Hello, form_request
from tfmfa_nb.views.form_action import FormInput, Result
from tfmfa_nb.views.sanitize import sanitize_all
from tfmfa_nb.views.widget import MessageWidget, take_secret

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.protocol.messages import FormContent, FormRequest


class FormWidget(MessageWidget):
    """A form. A subclass sets its model and its view.

    Args:
        actions: actions by the type of their message.
    """

    def __init__(self, actions: Mapping[str, Callable[[FormInput], Awaitable[Result]]]) -> None:
        self._actions = actions
        self._task: asyncio.Task[None] | None = None
        self._busy = ""
        self._last: tuple[str, Result] = ("", Result(""))
        super().__init__()

    async def content(self) -> FormContent:
        """The content of the form, without the last result."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the form, and cancel its action."""
        if task := getattr(self, "_task", None):
            task.cancel()
        super().close()

    def _receive(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Handle one message of a front end. The secret is removed from any message, even an unknown one."""
        secret = take_secret(message, "secret")
        request = form_request(message)
        if request is not None:
            self._on_loop(self._handle, request, secret)

    def _handle(self, request: FormRequest, secret: Secret) -> None:
        match request:
            case Hello():
                self._greet(request)
                if self._task is None:
                    self._start(self._push())
                else:
                    self._send_state(None)
            case FormAction() if request.type in self._actions and not self._busy:
                self._busy = request.type
                texts = {name: text.strip() for name, text in request.texts.items()}
                self._start(self._act(request, FormInput(texts, secret)))
            case _:
                secret.forget()

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._task = task
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        if self._task is task:
            self._task = None

    async def _act(self, action: FormAction, form_input: FormInput) -> None:
        self._send_state(None)
        try:
            result = await self._actions[action.type](form_input)
        except (TfmfaError, OSError) as error:
            result = Result(str(error), good=False)
        finally:
            form_input.secret.forget()  # an action that keeps it has made a copy
            self._busy = ""
        self._last = (action.number, result)
        await self._push()

    async def _push(self) -> None:
        self._send_state(await self.content())

    def _send_state(self, content: FormContent | None) -> None:
        self._sequence += 1
        number, result = self._last
        last = FormResult(number=number, text=result.text, good=result.good, fields=result.fields, **result.more)
        self.send(sanitize_all(encode(FormState(seq=self._sequence, busy=self._busy, result=last, content=content))))
