"""The base of the forms of `%tfmfa`, which run one action at a time and show its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.messages import FormAction, FormResult, FormState, Hello, UnsealedAction, form_request
from tfmfa_nb.views.form_action import FormInput, Result
from tfmfa_nb.views.sanitize import sanitize_all
from tfmfa_nb.views.widget import MessageWidget

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping

    from tfmfa_nb.model.redaction import Secret
    from tfmfa_nb.protocol.messages import FormContent, FormRequest


class FormWidget(MessageWidget):
    """A form. A subclass sets its model and its view.

    Args:
        actions: actions by the type of their message.
        has_secret: True if the form has a secret field.
    """

    def __init__(
        self, actions: Mapping[str, Callable[[FormInput], Awaitable[Result]]], *, has_secret: bool = False
    ) -> None:
        self._actions, self._has_secret = actions, has_secret
        self._task: asyncio.Task[None] | None = None
        self._busy = ""
        self._last: tuple[str, Result] = ("", Result(""))
        super().__init__("secret")

    async def content(self) -> FormContent:
        """The content of the form, without the last result."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the form, and cancel its action."""
        if task := getattr(self, "_task", None):
            task.cancel()
        super().close()

    def _receive(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Handle one message of a front end. A raw secret is removed from any message, even an unknown one."""
        raw = self._secret.remove_from(message)
        request = form_request(message)
        if request is not None:
            self._on_loop(self._handle, request, raw)

    def _handle(self, request: FormRequest, raw: Secret) -> None:
        match request:
            case Hello():
                self._greet(request)
                if self._task is None:
                    self._start(self._push())
                else:
                    self._send_state(None)
            case FormAction() | UnsealedAction():
                action = request.action if isinstance(request, UnsealedAction) else request
                if action.type in self._actions and not self._busy:
                    self._busy = action.type
                    self._start(self._act(action, request, raw))
                else:
                    raw.forget()

    def _typed(self, request: FormAction | UnsealedAction, raw: Secret) -> Secret:
        """The value of the secret field; empty if the action does not use it."""
        if isinstance(request, UnsealedAction):
            return self._secret.unsealed(raw)
        if request.sealed is None and not raw:
            return raw
        return self._secret.opened(request.sealed or "", raw)

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._task = task
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        if self._task is task:
            self._task = None

    async def _act(self, action: FormAction, request: FormAction | UnsealedAction, raw: Secret) -> None:
        secret = raw
        try:
            secret = self._typed(request, raw)
            self._send_state(None)
            texts = {name: text.strip() for name, text in action.texts.items()}
            result = await self._actions[action.type](FormInput(texts, secret))
        except (TfmfaError, OSError) as error:
            result = Result(str(error), good=False)
        finally:
            secret.forget()  # an action that keeps it has made a copy
            self._busy = ""
        self._last = (action.number, result)
        await self._push()

    async def _push(self) -> None:
        self._send_state(await self.content())

    def _send_state(self, content: FormContent | None) -> None:
        self._sequence += 1
        number, result = self._last
        last = FormResult(number=number, text=result.text, good=result.good, fields=result.fields, **result.more)
        key = self._secret.sealing_key() if self._has_secret else None
        state = FormState(seq=self._sequence, busy=self._busy, result=last, content=content, sealing_key=key)
        self.send(sanitize_all(encode(state)))
