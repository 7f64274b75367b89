"""The magics for Terraform's other commands: `%tf`, `%tfstate`, `%tfimport`, and so on, behind the same MFA gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from tfmfa_nb.magics.arguments import options, options_of
from tfmfa_nb.magics.awaiting import awaited
from tfmfa_nb.magics.defined_options import FILTER, RAW, STATE_OUT, command_options, completable
from tfmfa_nb.model.errors import ConfigurationError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.editing.options import Option
    from tfmfa_nb.magics.magics import TfmfaMagics
    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.command_table import Call

_OPTIONS = {
    "tf": (*command_options("COMMAND", "a command of Terraform's with its arguments", values=True, changes=True),),
    "tfstate": (
        *command_options("COMMAND", "list, show, mv, rm, replace-provider, pull, push", changes=True),
        STATE_OUT,
    ),
    "tfimport": (
        *command_options("ADDRESS ID", "address of the resource, and its ID in AWS", values=True, changes=True),
    ),
    "tfoutput": (*command_options("NAME", "one output; without it, all"), RAW),
    "tfconsole": (*command_options("EXPRESSION", "one expression, as it is written", values=True, whole=True),),
    "tfvalidate": (*command_options("OPTION", "options of terraform validate"),),
    "tftest": (*command_options("OPTION", "options of terraform test", values=True, changes=True), FILTER),
    "tfgraph": (*command_options("OPTION", "options of terraform graph"),),
    "tfproviders": (*command_options("COMMAND", "lock, mirror, schema; without one, the required providers"),),
}


def options_of_commands() -> dict[str, tuple[Option, ...]]:
    """The options of the magics, for completion."""
    return {name: completable(defined) for name, defined in _OPTIONS.items()}


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
    @options(*_OPTIONS["tf"])
    async def tf(self, arguments: Namespace) -> Run:
        """Run any command of Terraform's. The value is the run.

        A command that reads the state asks for an MFA code where plans do, one that may change it where applies do.
        Files are relative to the notebook.
        """
        return await self._run(arguments, _call(arguments.words))

    @no_var_expand
    @line_magic
    @awaited
    @options(*_OPTIONS["tfstate"])
    async def tfstate(self, arguments: Namespace) -> Run:
        """Read or change the state: list, show, mv, rm, replace-provider, pull --out FILE, push FILE.

        The value is the run. Files are relative to the notebook. A copy of the state is kept before a change; %tfruns
        restore-state brings it back.
        """
        from tfmfa_nb.terraform.command_table import state_call  # noqa: PLC0415 - until needed

        call = state_call(["state", *arguments.words], arguments.out, Path.cwd())
        return await self._run(arguments, call)

    @no_var_expand
    @line_magic
    @awaited
    @options(*_OPTIONS["tfimport"])
    async def tfimport(self, arguments: Namespace) -> Run:
        """Take a resource that exists into the state: ADDRESS ID. The value is the run.

        A copy of the state is kept before; %tfruns restore-state brings it back.
        """
        return await self._run(arguments, _call(["import", *arguments.words]))

    @no_var_expand
    @line_magic
    @awaited
    @options(*_OPTIONS["tfoutput"])
    async def tfoutput(self, arguments: Namespace) -> Any:
        """The outputs as Python values, or the one with that NAME. A sensitive one is "(sensitive)".

        With --raw, a sensitive one comes in a holder, so that no notebook keeps it: reveal() returns its text.
        """
        from tfmfa_nb.terraform.outputs import check_output, masked_outputs  # noqa: PLC0415 - until needed

        name = _one_word(arguments.words, "%tfoutput takes one name of an output, or none")
        if arguments.raw and not name:
            raise UsageError("%tfoutput --raw: name the output")
        call = _call(["output", "-json"], own="output")
        run = await self._run(arguments, replace(call, values=True, wanted=name))
        found, run.driver.outputs = run.driver.outputs, masked_outputs(run.driver.outputs)
        if name:
            check_output(name, list(found))
        chosen = found if arguments.raw else run.driver.outputs
        return chosen[name] if name else chosen

    @no_var_expand
    @line_magic
    @awaited
    @options(*_OPTIONS["tfconsole"])
    async def tfconsole(self, arguments: Namespace) -> Run:
        """Evaluate one expression with the state and the configuration. The value is the run.

        The expression is the rest of the line as it is written, so options stand before it.
        """
        expression = _one_word(arguments.words, "%tfconsole takes one expression")
        if not expression:
            raise UsageError("%tfconsole: write an expression, such as: %tfconsole length(var.names)")
        from tfmfa_nb.terraform.command_table import read_expression  # noqa: PLC0415 - until needed

        return await self._run(arguments, read_expression(expression))

    @no_var_expand
    @line_magic
    @awaited
    @options(*_OPTIONS["tfvalidate"])
    async def tfvalidate(self, arguments: Namespace) -> Run:
        """Check whether the configuration is valid; no code and no credentials are needed. The value is the run."""
        return await self._run(arguments, _call(["validate", *arguments.words]))

    @no_var_expand
    @line_magic
    @awaited
    @options(*_OPTIONS["tftest"])
    async def tftest(self, arguments: Namespace) -> Run:
        """Run the tests of the configuration, which create and destroy resources in AWS. The value is the run."""
        chosen = [f"-filter={file}" for file in arguments.filter]
        return await self._run(arguments, _call(["test", *chosen, *arguments.words]))

    @no_var_expand
    @line_magic
    @awaited
    @options(*_OPTIONS["tfgraph"])
    async def tfgraph(self, arguments: Namespace) -> Run:
        """Show the graph of the resources in the DOT language. The value is the run."""
        return await self._run(arguments, _call(["graph", *arguments.words]))

    @no_var_expand
    @line_magic
    @awaited
    @options(*_OPTIONS["tfproviders"])
    async def tfproviders(self, arguments: Namespace) -> Run:
        """Show which providers the configuration and the state require. The value is the run."""
        return await self._run(arguments, _call(["providers", *arguments.words]))

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


def _call(words: Sequence[str], own: str = "") -> Call:
    """The call of a command; see `command_table.read_call`."""
    from tfmfa_nb.terraform.command_table import read_call  # noqa: PLC0415 - until needed

    return read_call(words, own=own)


def _one_word(words: list[str], problem: str) -> str:
    """The one word in `words`; "" if there is none.

    Raises:
        UsageError: there are more.
    """
    if len(words) > 1:
        raise UsageError(problem)
    return words[0] if words else ""
