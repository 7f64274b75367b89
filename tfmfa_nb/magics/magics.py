"""The magics: parse the line, hand over, return the run."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from traitlets import Any as AnyTrait
from traitlets import CaselessStrEnum, Float, Int, Unicode

from tfmfa_nb.magics.arguments import (
    APPLY_OPTIONS,
    PLAN_OPTIONS,
    RUN_OPTIONS,
    SETTINGS_COMMANDS,
    SETTINGS_OPTIONS,
    option_of_plan,
    options,
    options_of,
)
from tfmfa_nb.magics.awaiting import awaited, awaited_or_at_once
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.protocol.runner import current_runner

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.runs.run import Run


@magics_class
class TfmfaMagics(Magics):
    """Terraform under MFA."""

    prompt = CaselessStrEnum(
        ["auto", "form", "terminal", "command"],
        default_value="auto",
        help="Where codes are asked for. auto: the command if one is set, else the form, else the terminal.",
    ).tag(config=True)
    token_command = Unicode(
        help="A command that prints a code, such as: ykman oath accounts code -s aws. "
        "The default is the environment variable TFMFA_TOKEN_COMMAND."
    ).tag(config=True)
    profile = Unicode(
        help="The AWS profile that holds the organization variables, where the process environment has none. "
        "The default is the environment variable AWS_PROFILE."
    ).tag(config=True)
    session_duration = Int(
        3600, min=900, max=129_600, help="How long an MFA session lasts, in seconds (STS: 900 to 129,600)."
    ).tag(config=True)
    prompt_timeout = Float(
        0.0, min=0.0, help="How long a prompt waits for its answer, in seconds; 0 waits for ever."
    ).tag(config=True)

    environment = Unicode("default", help="The environment of magics that name none with -e or -C.").tag(config=True)
    latest = AnyTrait(help="The run that was begun last.")
    going = Int(help="How many runs are planning, asking or applying.")

    def __init__(self, shell: InteractiveShell, **arguments: Any) -> None:
        self._runner = current_runner()
        if self._runner and self._runner.environment:
            arguments.setdefault("environment", self._runner.environment)
        arguments.setdefault("token_command", os.environ.get("TFMFA_TOKEN_COMMAND", ""))
        arguments.setdefault("profile", os.environ.get("AWS_PROFILE", ""))
        # What `%config` or a configuration file says goes before the defaults from the environment.
        for name in ("token_command", "profile"):
            if name in shell.config.get("TfmfaMagics", {}):
                del arguments[name]
        super().__init__(shell, **arguments)
        self._shell = shell  # `Magics.shell` may be None
        self._runs: dict[Path, Run] = {}
        self.closing: list[Callable[[], None]] = []

    @property
    def busy(self) -> bool:
        """Whether a run is planning, asking or applying."""
        return self.going > 0

    def close(self) -> None:
        """Let go of the runs and of who follows them; plans that wait are given up."""
        for let_go in self.closing:
            let_go()
        for run in self._runs.values():
            _give_up(run)
        self._runs.clear()

    @no_var_expand
    @line_cell_magic
    @awaited
    @options(*PLAN_OPTIONS, sign="%%")
    async def tfplan(self, arguments: Namespace, cell: str | None = None) -> Run:
        """Plan the cell's HCL, or the configuration in a folder; the value is the run.

        An MFA code is asked for first if the level is 'plans and applies'.
        """
        run = self._new_run(arguments, cell)
        await self._go(run, "plan")
        return run

    @no_var_expand
    @line_cell_magic
    @awaited
    @options(*APPLY_OPTIONS, sign="%%")
    async def tfapply(self, arguments: Namespace, cell: str | None = None) -> Run:
        """Apply the saved plan that was shown last; with HCL in the cell: plan, show, ask, apply."""
        if cell is None:
            run = self._planned(arguments)
            await self._go(run, "apply")
            return run
        run = self._new_run(arguments, cell)
        await self._go(run, "plan", "apply", confirm=not arguments.auto_approve)
        return run

    @no_var_expand
    @line_magic
    @awaited_or_at_once
    @options(*SETTINGS_OPTIONS)
    async def tfmfa(self, arguments: Namespace) -> None:
        """Show who will run Terraform and what is missing, and the environment's level; or do one thing about it."""
        if arguments.what not in {"", *SETTINGS_COMMANDS}:
            raise UsageError(f"%tfmfa: {arguments.what!r} is nothing that it can do: {', '.join(SETTINGS_COMMANDS)}")
        from tfmfa_nb.magics.tfmfa import Subcommands  # noqa: PLC0415 - until needed

        command = Subcommands(self._shell, self._environment(arguments), self.profile)
        await command.run(arguments.what or "", arguments.words)

    @no_var_expand
    @line_magic
    @awaited_or_at_once
    @options(*RUN_OPTIONS)
    async def tfruns(self, arguments: Namespace) -> Run | None:
        """List the environment's runs, or do one thing with one of them; the value is that run."""
        from tfmfa_nb.magics.tfruns import RunCommands  # noqa: PLC0415 - until needed

        return await RunCommands(self._shell, self._environment(arguments), self).run(arguments)

    def adopt(self, folder: Path, run: Run) -> None:
        """Make `run` the one that is meant from here on, in the environment at `folder` and by the views."""
        self._runs[folder] = self.latest = run

    def _environment(self, arguments: Namespace) -> Environment:
        from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed

        only = self._runner.environment if self._runner else ""
        name = arguments.chdir or arguments.environment or self.environment
        if only and name != only:
            raise ConfigurationError(
                f'This cell is about "{name}", but the runbook was started for "{only}" only.',
                f"Start it with --environment {name}, or leave -e and -C out of the cell.",
            )
        if arguments.chdir is not None:
            return Environment.at(arguments.chdir, Path.cwd())
        return Environment.named(name, Path.cwd())

    def _new_run(self, arguments: Namespace, cell: str | None) -> Run:
        from tfmfa_nb.runs.run import Run  # noqa: PLC0415

        options = options_of(arguments)
        _ = options.lock_seconds  # bad input is told before anything is made
        if arguments.chdir is not None and cell is not None:
            raise UsageError(
                "-C runs the configuration in that folder, so the cell must have no body. "
                "Empty the cell, or use -e NAME to run the cell's HCL"
            )
        environment = self._environment(arguments)
        # Without a body it is what the environment has already: what a destroy or a drift check is about.
        if arguments.chdir is None and cell is None and not environment.files.configuration.is_file():
            raise UsageError(
                "there is no configuration: write HCL in the cell, or use -C DIR for a folder that has one"
            )
        if cell is not None:
            environment.write_configuration(cell, overwrite=options.overwrite)
        run = Run(environment, options, Path.cwd())
        if before := self._runs.get(environment.folder):
            _give_up(before)
        self.adopt(environment.folder, run)
        return run

    def restore(self, folder: str, run_id: str) -> Run:
        """A run of an earlier kernel, shown as it is now; what `jupyter tfmfa run --resume` goes on with.

        Raises:
            RunStateError: there is no record of it, or it is still going on.
        """
        from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed
        from tfmfa_nb.runs.history.restore import restore  # noqa: PLC0415
        from tfmfa_nb.views.headless import show_restored  # noqa: PLC0415

        path = (Path.cwd() / folder).absolute()
        run = restore(Environment(Path(folder).name, path, owned=True), run_id, Path.cwd(), os.environ)
        self.adopt(path, run)
        show_restored(run)
        return run

    def _planned(self, arguments: Namespace) -> Run:
        """The run that `%tfapply` means: the environment's, or the last one of this kernel."""
        named = arguments.environment is not None or arguments.chdir is not None
        run = self._runs.get(self._environment(arguments).folder) if named else self.latest
        if run is None:
            raise RunStateError(
                "There is no plan in this kernel that could be applied.",
                "Run %%tfplan first, or %%tfapply with the configuration in the cell.",
            )
        if option := option_of_plan(arguments):
            raise UsageError(f"%tfapply: {option} belongs to the plan: the saved plan is applied as it is")
        run.driver.adjust(options_of(arguments))
        return run

    async def _go(self, run: Run, *phases: str, confirm: bool = False) -> None:
        from tfmfa_nb.magics.presentation import present  # noqa: PLC0415 - until needed

        self.going += 1
        try:
            await present(run, phases, self._shell, self, confirm=confirm)
        finally:
            self.going -= 1


def _give_up(run: Run) -> None:
    """Discard a plan that waits; a run in any other status has nothing to give up."""
    if run.status == "planned":
        with suppress(RunStateError):  # another kernel has gone on with it
            run.discard()
