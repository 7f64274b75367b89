"""The output of `%tfmfa`: text that stays in the notebook, followed by the forms if widgets work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tfmfa_nb.magics.forms.variable_lines import say_variable_statuses, say_variables
from tfmfa_nb.magics.front_end import is_attended, widgets_answer
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.visible import say
from tfmfa_nb.prompts.form import HELLO_TIMEOUT, why_here
from tfmfa_nb.protocol.runner import current_runner
from tfmfa_nb.views.mfa_status import print_level

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.views.form import FormWidget

# The forms that are shown, by their kind and what they are about.
_shown: dict[tuple[type[FormWidget], Path | None], FormWidget] = {}


def show_status(
    shell: InteractiveShell,
    environment: Environment,
    environ: Mapping[str, str],
    profile: str,
    read_policy: Callable[[], Policy],
) -> None:
    """Show the organization variables and the environment's level, with a form for each.

    Raises:
        ConfigurationError: the policy is invalid, or the settings are and no form can show that.
    """
    policy = read_policy()
    say_variables(environ, profile)
    forms = _widgets(shell)
    try:
        print_level(environment, policy, environ)
    except ConfigurationError:
        if not forms:
            raise
    if not forms:
        return
    from tfmfa_nb.magics.forms.settings_form import SettingsForm  # noqa: PLC0415 - widgets are slow to import
    from tfmfa_nb.magics.forms.variables_form import VariablesForm  # noqa: PLC0415

    _show(SettingsForm(environment, read_policy, environ), environment.folder)
    _show(VariablesForm(environ, profile))


async def show_variables(shell: InteractiveShell, environ: Mapping[str, str], profile: str) -> None:
    """Show the source of each organization variable, with the form or, where no form can be shown, input prompts.

    Raises:
        ConfigurationError: an entered value is invalid.
    """
    say_variable_statuses(environ, profile)
    if _widgets(shell):
        from tfmfa_nb.magics.forms.variables_form import VariablesForm  # noqa: PLC0415 - widgets are slow to import

        form = VariablesForm(environ, profile)
        _show(form)
        if not widgets_answer() or await form.wait_for_front_end(HELLO_TIMEOUT):
            return
        form.close()  # a console, which has a kernel but shows no widgets
        say(why_here("form"))
    elif getattr(shell, "kernel", None) is not None or not (sys.stdin and sys.stdin.isatty()):
        return  # no input is possible
    from tfmfa_nb.magics.forms.terminal_form import ask_variables  # noqa: PLC0415 - until needed

    if await ask_variables(environ, profile):
        say_variable_statuses(environ, profile)


def show_variables_form(environ: Mapping[str, str], profile: str) -> None:
    """Show the form for the organization variables, where widgets work."""
    from tfmfa_nb.magics.forms.variables_form import VariablesForm  # noqa: PLC0415 - widgets are slow to import

    _show(VariablesForm(environ, profile))


def _show(form: FormWidget, subject: Path | None = None) -> None:
    """Show a form in place of the earlier one of its kind about the same subject, which would stay in the kernel."""
    from IPython.display import display  # noqa: PLC0415

    if earlier := _shown.pop((type(form), subject), None):
        earlier.close()
    _shown[type(form), subject] = form
    display(form)


def _widgets(shell: InteractiveShell) -> bool:
    kernel = getattr(shell, "kernel", None)
    # The runner of a notebook answers on the kernel's standard input, but only when a run asks for a code.
    return kernel is not None and current_runner() is None and is_attended(kernel)
