"""The form for an environment's setting "AWS Multi-Factor Authentication"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets

from tfmfa_nb.errors import TfmfaError
from tfmfa_nb.views.status import MEANING
from tfmfa_nb.views.visible import plain
from tfmfa_nb.words import Level

if TYPE_CHECKING:
    from collections.abc import Callable


class _Manners(anywidget.AnyWidget):
    """What the box around it lacks: its plain keys are no shortcuts of JupyterLab, and its long lines wrap."""

    _esm = """export default {
      render({ el }) {
        const claim = () => {
          const box = el.parentElement?.closest(".widget-vbox");
          if (!box) return requestAnimationFrame(claim); // it is not on the page yet
          box.addEventListener("keydown", (event) => {
            if (event.key === "Enter" || !(event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
          });
        };
        claim();
      },
    };"""
    _css = """.tfmfa-settings .widget-label {
      height: auto; line-height: 1.5; overflow-wrap: anywhere; white-space: normal;
    }"""


def settings_form(environment_name: str, level: str, minimum: str, save: Callable[[str], None]) -> ipywidgets.VBox:
    """The drop-down, what the choice means, and Save.

    Args:
        environment_name: whose setting it is.
        level: the level now.
        minimum: the lowest that may be chosen; lower ones are not offered, and the form says why.
        save: keeps the chosen level; what it raises is shown on the form.
    """
    lowest = Level(minimum)
    offered = [str(each) for each in Level if each.strictness >= lowest.strictness]
    chosen = str(Level.strictest(Level(level), lowest))
    # Labels show text; an HTML widget would interpret an environment's name.
    title = ipywidgets.Label(value=f'Environment "{plain(environment_name)}"', style={"font_weight": "bold"})
    choice = ipywidgets.Dropdown(
        options=offered,
        value=chosen,
        description="AWS Multi-Factor Authentication",
        style={"description_width": "initial"},
        layout={"width": "auto", "min_width": "26em"},
    )
    meaning = ipywidgets.Label(value=MEANING[Level(chosen)])
    button = ipywidgets.Button(description="Save", button_style="primary", tooltip="Save the level")
    message = ipywidgets.Label(value="", layout={"flex": "1 1 0"})
    reason = ipywidgets.Label(value="" if lowest is Level.NEVER else f'The organization requires at least "{lowest}".')

    def describe(change: Any) -> None:
        meaning.value = MEANING[Level(change["new"])]
        message.value = ""

    def keep(_button: Any) -> None:
        try:
            save(choice.value)
        except (TfmfaError, OSError) as error:
            message.value = plain(f"Not saved: {error}")
        else:
            message.value = f'Saved: "{choice.value}". It holds for all subsequent runs on the environment.'

    choice.observe(describe, names="value")
    button.on_click(keep)
    shown = [title, choice, meaning, *([reason] if reason.value else []), ipywidgets.HBox([button, message])]
    shown.append(_Manners(layout={"display": "none"}))
    return ipywidgets.VBox(shown, layout={"width": "100%"}).add_class("tfmfa-settings")
