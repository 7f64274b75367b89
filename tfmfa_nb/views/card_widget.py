"""What a run's card and a fleet's card have in common: their question, and messages from which a code goes first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tfmfa_nb.views.open_question import OpenQuestion
from tfmfa_nb.views.widget import MessageWidget

if TYPE_CHECKING:
    from tfmfa_nb.model.redaction import Secret


class CardWidget(MessageWidget):
    """A card. What it needs to handle requests, a subclass sets before it calls this class's initializer."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._gone = False
        super().__init__("code")
        self._asked = OpenQuestion(self._secret, self._loop)

    def _read(self, message: Any) -> Any:
        """The request in a message; None if it is none."""
        raise NotImplementedError

    def _handle_request(self, request: Any, code: Secret) -> None:
        """Handle a request, on the loop's thread. Only a request with a code may keep it."""
        raise NotImplementedError

    def _receive(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Handle one message of a front end. A code is removed from it first, so no traceback can contain it."""
        if self._gone:
            return
        code = self._secret.remove_from(message)
        request = self._read(message)
        if request is None:
            return
        if threading.get_ident() == self._thread:
            self._handle_if_open(request, code)
        else:  # JupyterLab sends comm messages to a subshell, which has another thread
            self._on_loop(self._handle_if_open, request, code)

    def _handle_if_open(self, request: Any, code: Secret) -> None:
        if not self._gone:
            self._handle_request(request, code)
