"""What the run card and the forms share: widgets that talk to their front ends in custom messages only.

Their code and their style are the JupyterLab extension's. They have no synced trait of their own, because widget state
is public and may be saved in the notebook. A message may be lost: the kernel sends the whole state each time, and the
front end asks again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ipywidgets import Widget
from traitlets import Unicode

from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.version import __version__
from tfmfa_nb.protocol.messages import PROTOCOL, SECRET_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tfmfa_nb.protocol.messages import Hello

_MODULE = "tfmfa_nb"  # as the front end's package registers it


class MessageWidget(Widget):  # type: ignore[misc]  # ipywidgets has no type information
    """Such a widget; made on the kernel's loop, where everything it does happens.

    It is no `DOMWidget`, whose layout, classes and style would be state. A subclass names its model and its view.
    """

    _model_module = Unicode(_MODULE).tag(sync=True)
    _model_module_version = Unicode(__version__).tag(sync=True)
    _view_module = Unicode(_MODULE).tag(sync=True)
    _view_module_version = Unicode(__version__).tag(sync=True)

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._displayed = asyncio.Event()
        self._sequence = 0
        super().__init__()
        self.on_msg(self._receive)

    async def wait_for_front_end(self, seconds: float) -> bool:
        """Whether a front end displays it, now or within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._displayed.wait()
        except TimeoutError:
            return False
        return True

    def _receive(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Take one message of a front end, on whatever thread: front ends may send them to a subshell's."""
        raise NotImplementedError

    def _on_loop(self, do: Callable[..., None], *arguments: Any) -> None:
        """Do it on the loop's thread, soon."""
        with suppress(RuntimeError):  # the loop has ended, and with it everything that could be shown or answered
            self._loop.call_soon_threadsafe(do, *arguments)

    def _greet(self, hello: Hello) -> None:
        """A front end displays it, if it understands the messages that follow."""
        if hello.protocol == PROTOCOL:
            self._displayed.set()


def take_secret(message: Any, name: str) -> Secret:
    """What was typed into a secret field, taken out of `message`; nothing where it was not typed by a person.

    Args:
        message: a front end's, whatever it is.
        name: the field's, one of `SECRET_FIELDS`.
    """
    typed = message.pop(name, None) if isinstance(message, dict) else None
    return Secret(typed.strip() if isinstance(typed, str) and len(typed) <= SECRET_FIELDS[name] else "")
