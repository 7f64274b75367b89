"""The cards that are open in this kernel: by what is shown, the ID of the widget that any page can show."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from traitlets import HasTraits

_open: WeakKeyDictionary[HasTraits, str] = WeakKeyDictionary()


def card_opened(run: HasTraits, model_id: str) -> None:
    """The card of `run`, which may be a fleet in the place of one, can be shown, and answered on."""
    _open[run] = model_id


def card_closed(run: HasTraits, model_id: str) -> None:
    """The card of `run` is closed; another one of the same run stays."""
    if _open.get(run) == model_id:
        del _open[run]


def open_card(run: HasTraits) -> str:
    """The model ID of the open card of `run`; "" if there is none."""
    return _open.get(run, "")
