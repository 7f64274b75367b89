"""The front end of a cell: the view that fits it, and the prompt of its own."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.magics.status_comm import front_ends
from tfmfa_nb.prompts.executor import executor_prompt, program_prompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.runs.gate.door_of_run import beside

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.views.view import View

# From this version on a widget's events reach a cell that awaits.
_WIDGETS_ANSWER = (7, 4)


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Where a run is shown, and where its questions are answered.

    Attributes:
        run: the run; None for those of a fleet.
        view: shows the run.
        prompt: asks where the view is.
        attended: whether a person sees the view and can type; a program that executes a notebook is none.
    """

    run: Run | None
    view: View
    prompt: Prompt
    attended: bool

    def beside(self, prompt: Prompt) -> Prompt:
        """The prompt that is chosen, with a door beside it on which the run's owner can answer from elsewhere."""
        return prompt if self.run is None else beside(prompt, self.run.driver)


def front_end_of(
    run: Run,
    shell: InteractiveShell,
    show_variables: Callable[[], None] | None = None,
    *,
    wait: bool = False,
    form: bool = False,
) -> FrontEnd:
    """The front end of the cell that runs now: a card, a terminal, or a program that executes the notebook.

    Args:
        run: the run.
        shell: the shell of the cell.
        show_variables: shows the form for the organization variables, for a card.
        wait: where nobody can answer, let the run wait for an answer from elsewhere.
        form: where nobody has the document open, let the run wait until somebody has, and answers on the card.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        from tfmfa_nb.views.terminal import TerminalView  # noqa: PLC0415

        return FrontEnd(run, TerminalView(run), TerminalPrompt(), attended=True)
    runner = current_runner()
    if runner is None and not is_attended(kernel) and widgets_answer() and (form or front_ends(kernel.comm_manager)):
        # A program has sent the cell, but a person has the document open, and can answer on the card.
        return _card_of_others(run, show_variables, nobody=not front_ends(kernel.comm_manager))
    if runner is not None or not is_attended(kernel):
        from tfmfa_nb.views.headless import HeadlessView  # noqa: PLC0415

        # A runner answers on the kernel's standard input, but shows no card: it would be waited for in vain.
        prompt = executor_prompt(runner.marker if runner else "", wait=wait)
        return FrontEnd(run, HeadlessView(run), prompt, attended=False)
    return _card(run, show_variables)


def front_end_of_host(run: Run, *, show: bool | None, wait: bool = False) -> FrontEnd:
    """The front end of a program that is not IPython: its terminal, if it has one.

    Args:
        run: the run.
        show: whether to print the run; None for whether a terminal would show it.
        wait: where nobody can answer, let the run wait for an answer from elsewhere.
    """
    from tfmfa_nb.views.terminal import TerminalView  # noqa: PLC0415

    attended = sys.stdin is not None and sys.stdin.isatty()
    prompt = TerminalPrompt() if attended else program_prompt(wait=wait)
    shown = sys.stdout is not None and sys.stdout.isatty() if show is None else show
    return FrontEnd(run, TerminalView(run) if shown else UnseenView(), prompt, attended=attended)


class UnseenView:
    """Shows nothing; the program has the run."""

    def begin(self) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Leave nothing."""


def _card(run: Run, show_variables: Callable[[], None] | None) -> FrontEnd:
    from tfmfa_nb.prompts.form import FormPrompt  # noqa: PLC0415 - only where there are widgets
    from tfmfa_nb.prompts.form_or_terminal import FormOrTerminalPrompt  # noqa: PLC0415
    from tfmfa_nb.views.card import RunCard  # noqa: PLC0415 - widgets are heavy
    from tfmfa_nb.views.card_view import CardView  # noqa: PLC0415

    card = RunCard(run)
    prompt = (
        FormOrTerminalPrompt(FormPrompt(card, show_variables=show_variables)) if widgets_answer() else TerminalPrompt()
    )
    return FrontEnd(run, CardView(run, card), prompt, attended=True)


def _card_of_others(run: Run, show_variables: Callable[[], None] | None, *, nobody: bool) -> FrontEnd:
    """A card, and no terminal in its place: whoever sent the cell accepts no input."""
    from tfmfa_nb.prompts.form import FormPrompt  # noqa: PLC0415 - only where there are widgets
    from tfmfa_nb.views.card import RunCard  # noqa: PLC0415 - widgets are heavy
    from tfmfa_nb.views.card_view import CardView  # noqa: PLC0415

    card = RunCard(run)
    # The page may not show the cell's output, but it can open the card at any time.
    prompt = FormPrompt(card, None, show_variables, nobody=nobody)
    return FrontEnd(run, CardView(run, card), prompt, attended=False)


def is_attended(kernel: Any) -> bool:
    """Whether the front end that sent this cell lets a person type; nbclient and papermill do not."""
    parent = kernel.get_parent("shell")
    return bool(parent.get("content", {}).get("allow_stdin", False))


def widgets_answer() -> bool:
    """Whether this kernel delivers a widget's events to a cell that awaits."""
    from ipykernel import version_info  # type: ignore[attr-defined]  # noqa: PLC0415 - only inside a kernel

    return tuple(version_info[:2]) >= _WIDGETS_ANSWER
