"""What `%tfmfa` shows: text that stays in the notebook, with the forms below it where widgets work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tfmfa_nb.magics.presentation import somebody_there, widgets_answer
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.files import read_policy
from tfmfa_nb.prompts.form import HELLO_TIMEOUT, why_here
from tfmfa_nb.views.status import say_level, say_origins, say_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment


def show_status(shell: InteractiveShell, environment: Environment, environ: Mapping[str, str], profile: str) -> None:
    """Who will run Terraform, what is missing, and the environment's level; the forms for both.

    Raises:
        ConfigurationError: the policy, or where no form can say so the settings, cannot be understood.
    """
    policy = read_policy(environ)
    say_variables(environ, profile)
    forms = _widgets(shell)
    try:
        say_level(environment, policy)
    except ConfigurationError:
        if not forms:
            raise
    if not forms:
        return
    from IPython.display import display  # noqa: PLC0415

    from tfmfa_nb.magics.forms.settings import SettingsForm  # noqa: PLC0415 - widgets are heavy
    from tfmfa_nb.magics.forms.variables import VariablesForm  # noqa: PLC0415

    display(SettingsForm(environment, lambda: read_policy(environ)))
    display(VariablesForm(environ, profile))


async def show_variables(shell: InteractiveShell, environ: Mapping[str, str], profile: str) -> None:
    """Where each organization variable comes from; the form for them, or questions where only those can be answered.

    Raises:
        ConfigurationError: what was answered is not of a kind that STS takes.
    """
    say_origins(environ, profile)
    if _widgets(shell):
        from IPython.display import display  # noqa: PLC0415

        from tfmfa_nb.magics.forms.variables import VariablesForm  # noqa: PLC0415 - widgets are heavy

        form = VariablesForm(environ, profile)
        display(form)
        if not widgets_answer() or await form.wait_for_front_end(HELLO_TIMEOUT):
            return
        form.close()  # a console: it has a kernel, and displays no widgets
        print(why_here("form"))  # noqa: T201 - beside the questions themselves
    elif getattr(shell, "kernel", None) is not None or not (sys.stdin and sys.stdin.isatty()):
        return  # nobody can type here
    from tfmfa_nb.magics.forms.terminal import ask_variables  # noqa: PLC0415 - until needed

    if await ask_variables(environ, profile):
        say_origins(environ, profile)


def _widgets(shell: InteractiveShell) -> bool:
    kernel = getattr(shell, "kernel", None)
    return kernel is not None and somebody_there(kernel)
