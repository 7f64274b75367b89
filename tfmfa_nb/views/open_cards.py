"""The cards that are open in this kernel: by run, the ID of the widget that any page can show."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from tfmfa_nb.runs.run import Run

_open: WeakKeyDictionary[Run, str] = WeakKeyDictionary()


def card_opened(run: Run, model_id: str) -> None:
    """The card of `run` can be shown, and answered on."""
    _open[run] = model_id


def card_closed(run: Run, model_id: str) -> None:
    """The card of `run` is closed; another one of the same run stays."""
    if _open.get(run) == model_id:
        del _open[run]


def open_card(run: Run) -> str:
    """The model ID of the open card of `run`; "" if there is none."""
    return _open.get(run, "")
