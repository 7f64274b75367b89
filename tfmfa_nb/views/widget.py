"""The base of the run card and the forms: widgets that exchange only custom messages with their front ends.

Their code and styles are in the JupyterLab extension. They have no synced traits of their own, because widget state is
public and may be saved in the notebook. Messages can be lost, so the kernel always sends the whole state, and a front
end asks again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ipywidgets import Widget
from traitlets import Unicode

from tfmfa_nb.model.version import __version__
from tfmfa_nb.protocol.messages import PROTOCOL
from tfmfa_nb.views.secret_field import SecretField

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.protocol.messages import Hello

_MODULE = "tfmfa_nb"  # the name that the JupyterLab extension registers


class MessageWidget(Widget):  # type: ignore[misc]  # ipywidgets has no type information
    """A widget with custom messages. It is created on the kernel's loop and works on it.

    It is not a `DOMWidget`, whose layout, classes, and style would be state. A subclass sets its model and its view.

    Args:
        secret: name of its secret field, one of `SECRET_FIELDS`.
    """

    _model_module = Unicode(_MODULE).tag(sync=True)
    _model_module_version = Unicode(__version__).tag(sync=True)
    _view_module = Unicode(_MODULE).tag(sync=True)
    _view_module_version = Unicode(__version__).tag(sync=True)

    def __init__(self, secret: str) -> None:
        self._secret = SecretField(secret)
        self._loop = asyncio.get_running_loop()
        self._displayed = asyncio.Event()
        self._sequence = 0
        super().__init__()
        self.on_msg(self._receive)

    def text(self) -> str:
        """What front ends show that display no widgets, and what a notebook keeps that is saved meanwhile."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        bundle = super()._repr_mimebundle_(**arguments)
        return {**bundle, "text/plain": self.text()} if isinstance(bundle, dict) else bundle

    async def wait_for_front_end(self, seconds: float | None) -> bool:
        """True if a front end displays the widget, now or within `seconds`; None for however long it takes."""
        try:
            async with asyncio.timeout(seconds):
                await self._displayed.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Close the widget, and forget the key of its secret field."""
        if secret := getattr(self, "_secret", None):
            secret.forget()
        super().close()

    def _receive(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Handle one message of a front end, on any thread: front ends may send messages to a subshell."""
        raise NotImplementedError

    def _on_loop(self, do: Callable[..., None], *arguments: Any) -> None:
        """Schedule a call on the loop's thread."""
        with suppress(RuntimeError):  # the loop has ended, so nothing can be shown or answered
            self._loop.call_soon_threadsafe(do, *arguments)

    def _greet(self, hello: Hello) -> None:
        """Record that a front end displays the widget, if it uses the same protocol version."""
        if hello.protocol == PROTOCOL:
            if not hello.seals:
                self._secret.allow_unsealed()
            self._displayed.set()
