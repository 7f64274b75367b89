"""The magics for Terraform's other commands: `%tf`, `%tfstate`, `%tfimport`, and so on, behind the same MFA gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from tfmfa_nb.magics.arguments import STATE_OUT, command_options, options, options_of
from tfmfa_nb.magics.awaiting import awaited
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.command_table import read_call

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.magics.magics import TfmfaMagics
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.command_table import Call

_PULL = "state pull"


@magics_class
class TerraformMagics(Magics):
    """Terraform's other commands under MFA.

    Args:
        shell: shell of the magics.
        magics: the magics of plans and applies, with their settings.
    """

    def __init__(self, shell: InteractiveShell, magics: TfmfaMagics, **arguments: Any) -> None:
        super().__init__(shell, **arguments)
        self._magics = magics

    @no_var_expand
    @line_magic
    @awaited
    @options(*command_options("COMMAND", "a command of Terraform's with its arguments", values=True, changes=True))
    async def tf(self, arguments: Namespace) -> Run:
        """Run any command of Terraform's. The value is the run.

        A command that reads the state asks for an MFA code where plans do, one that may change it where applies do.
        """
        return await self._run(arguments, read_call(arguments.words))

    @no_var_expand
    @line_magic
    @awaited
    @options(*command_options("COMMAND", "list, show, mv, rm, replace-provider, pull", changes=True), STATE_OUT)
    async def tfstate(self, arguments: Namespace) -> Run:
        """Read or change the state: list, show, mv, rm, replace-provider, pull --out FILE. The value is the run.

        A copy of the state is kept before a change; %tfruns restore-state brings it back.
        """
        call = read_call(["state", *arguments.words], own=_PULL)
        if (call.command == _PULL) != bool(arguments.out):
            raise ConfigurationError(
                "%tfstate pull needs a file: the notebook would keep the state, with its secrets."
                if call.command == _PULL
                else f"--out has no effect on {call.command}.",
                "Name a new one with --out FILE." if call.command == _PULL else "Remove it.",
            )
        return await self._run(arguments, replace(call, output=_path(arguments.out) if arguments.out else None))

    async def _run(self, arguments: Namespace, call: Call) -> Run:
        """Run `call` on the environment that the line selects.

        Raises:
            ConfigurationError: there is no such environment.
            TfmfaError: as `run_command` does.
        """
        from tfmfa_nb.magics.running_commands import run_beside  # noqa: PLC0415 - until needed

        environment = self._magics.environment_for(arguments.environment, arguments.chdir)
        if not environment.folder.is_dir():
            raise ConfigurationError(
                f'There is no environment "{environment.name}".',
                environment.similar or "Select one with -e NAME, or a folder with -C DIR.",
            )
        chosen = replace(options_of(arguments), call=call)
        chosen.check()
        return await run_beside(self._magics, environment, chosen)


def _path(name: str) -> Path:
    return (Path.cwd() / Path(name).expanduser()).absolute()
