"""The front end of a fleet's cell: its card, a terminal, or a program that executes the notebook."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tfmfa_nb.magics.front_end import FrontEnd, UnseenView, is_attended, widgets_answer
from tfmfa_nb.magics.status_comm import front_ends
from tfmfa_nb.prompts.executor import executor_prompt
from tfmfa_nb.prompts.form import HELLO_TIMEOUT
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.prompts.unavailable import UnavailablePrompt
from tfmfa_nb.protocol.runner import current_runner

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.fleet.fleet import Fleet
    from tfmfa_nb.views.fleet_card import FleetCard

_NOBODY = "this program has no terminal; set TFMFA_TOKEN_COMMAND, or token_command, to a command that prints the code"


def card_of_fleet(fleet: Fleet, shell: InteractiveShell | None) -> FleetCard | None:
    """A card for `fleet`; None where no person can answer on one. Whoever gets it shows and closes it."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None or current_runner() is not None or not widgets_answer():
        return None
    attended = is_attended(kernel)
    if not attended and not front_ends(kernel.comm_manager):
        return None
    from tfmfa_nb.views.fleet_card import FleetCard  # noqa: PLC0415 - widgets are heavy

    # Where a program has sent the cell, whoever has the document open can answer on the card, and open it at any time.
    return FleetCard(fleet, HELLO_TIMEOUT if attended else None)


def front_end_of_fleet(shell: InteractiveShell | None, card: FleetCard | None, profile: str = "") -> FrontEnd:
    """The front end of a fleet.

    Args:
        shell: the shell of the cell; None outside of IPython.
        card: its card; None for none.
        profile: AWS profile with the organization variables.
    """
    kernel, runner = getattr(shell, "kernel", None), current_runner()
    if card is not None:
        from tfmfa_nb.magics.forms.show import show_variables_form  # noqa: PLC0415 - widgets are heavy
        from tfmfa_nb.prompts.form import FormPrompt  # noqa: PLC0415
        from tfmfa_nb.prompts.form_or_terminal import FormOrTerminalPrompt  # noqa: PLC0415

        form = FormPrompt(card, card.patience, lambda: show_variables_form(os.environ, profile))
        attended = card.patience is not None  # or else, whoever sent the cell accepts no input
        return FrontEnd(None, UnseenView(), FormOrTerminalPrompt(form) if attended else form, attended=attended)
    if kernel is not None and (runner is not None or not is_attended(kernel)):
        prompt = executor_prompt(runner.marker if runner else "", wait=False)
        return FrontEnd(None, UnseenView(), prompt, attended=False)
    attended = shell is not None or (sys.stdin is not None and sys.stdin.isatty())
    return FrontEnd(None, UnseenView(), TerminalPrompt() if attended else UnavailablePrompt(_NOBODY), attended=attended)
