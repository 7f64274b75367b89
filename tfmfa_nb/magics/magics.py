"""The magics `%%tfplan`, `%%tfapply`, `%tfmfa`, and `%tfruns`; `terraform_magics` has the others."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from traitlets import Any as AnyTrait
from traitlets import CaselessStrEnum, Float, Int, List, Unicode

from tfmfa_nb.magics.arguments import options, options_of
from tfmfa_nb.magics.awaiting import awaited, awaited_or_at_once
from tfmfa_nb.magics.defined_options import (
    APPLY_OPTIONS,
    PLAN_OPTIONS,
    RUN_OPTIONS,
    SETTINGS_OPTIONS,
    option_of_plan,
)
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.protocol.runner import current_runner

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.magics.cell_gate import Settings
    from tfmfa_nb.organization.policy import Policy
    from tfmfa_nb.runs.run import Run


@magics_class
class TfmfaMagics(Magics):
    """Terraform under MFA.

    Args:
        shell: shell of the magics.
        policy_environ: process variables that say where policies are; see `policy_places.policy_environ`.

    Attributes:
        each: performs a phase ("plan", "apply") of a fleet, or a command on fleets ("list", "follow"); gets the parsed
            line and the cell. The extension sets it.
    """

    each: Callable[[str, Namespace, str | None], Awaitable[Any]]

    prompt = CaselessStrEnum(
        ["auto", "form", "terminal", "command", "none"],
        default_value="auto",
        help="Source of MFA codes. auto: the token command if one is set, or else the form, or else the terminal; "
        "none: a run that needs a code fails.",
    ).tag(config=True)
    token_command = Unicode(
        help="Command that prints an MFA code, such as: ykman oath accounts code -s aws. "
        "Default: the environment variable TFMFA_TOKEN_COMMAND."
    ).tag(config=True)
    profile = Unicode(
        help="AWS profile with the organization variables, if the process environment has none. "
        "Default: the environment variable AWS_PROFILE, as it is when a magic needs it."
    ).tag(config=True)
    session_duration = Int(
        0,
        min=0,
        max=129_600,
        help="Duration of an MFA session in seconds, from 900 to 129,600. Default: as long as the run's longest role "
        "session, at least 900 for a plan and 3600 for an apply.",
    ).tag(config=True)
    prompt_timeout = Float(0.0, min=0.0, help="Time limit of a prompt in seconds; 0 for no limit.").tag(config=True)

    notify: List[str] = List(
        Unicode(),
        help="Who is told when a run waits for a code, goes on with one, or ends: 'command:/PATH ARGUMENTS', "
        "'https://HOST/PATH', 'apprise:TFMFA_NAME'. The organization policy may name others.",
    ).tag(config=True)
    notify_key = Unicode(
        help="Name, TFMFA_NAME, of the process variable or keychain entry with the key that signs what https URLs get."
    ).tag(config=True)

    environment = Unicode("default", help="Environment of magics without -e and -C.").tag(config=True)
    latest = AnyTrait(help="The run that was started last.")
    fleet = AnyTrait(help="The fleet that was started after it, as front ends show it; None for none.")
    active_runs = Int(help="Number of runs that are planning, waiting for an answer, or applying.")

    def __init__(self, shell: InteractiveShell, policy_environ: Mapping[str, str], **arguments: Any) -> None:
        self._runner = current_runner()
        if self._runner and self._runner.environment:
            arguments.setdefault("environment", self._runner.environment)
        arguments.setdefault("token_command", os.environ.get("TFMFA_TOKEN_COMMAND", ""))
        # A setting from `%config` or a configuration file overrides the environment variable.
        if "token_command" in shell.config.get("TfmfaMagics", {}):
            del arguments["token_command"]
        super().__init__(shell, **arguments)
        self._shell = shell  # `Magics.shell` may be None
        self._policy_environ = policy_environ
        self._runs: dict[Path, Run] = {}
        self._waiting: dict[Path, list[Run]] = {}  # earlier ones, whose plans no other plan has replaced yet
        self._cards: dict[Path, Callable[[], None]] = {}
        self.closing: list[Callable[[], None]] = []

    @property
    def busy(self) -> bool:
        """True while a run is planning, waiting for an answer, or applying."""
        return self.active_runs > 0

    def close(self) -> None:
        """Discard pending plans, and close everything that belongs to the magics."""
        for close in self.closing:
            close()
        for close in self._cards.values():
            close()
        self._cards.clear()
        for folder, run in self._runs.items():
            _discard_pending_plan(run)
            self._discard_waiting(folder)
        self._runs.clear()

    @no_var_expand
    @line_cell_magic
    @awaited
    @options(*PLAN_OPTIONS)
    async def tfplan(self, arguments: Namespace, cell: str | None = None) -> Any:
        """Plan the HCL in the cell, or the configuration in a folder. The value is the run.

        The level 'plans and applies' requires an MFA code first. With --each, many environments are planned under one
        code, and the value is the fleet.
        """
        if arguments.each or arguments.on:
            return await self.each("plan", arguments, cell)
        run = self._new_run(arguments, cell)
        await self.go(run, "plan", wait=arguments.wait)
        return run

    @no_var_expand
    @line_cell_magic
    @awaited
    @options(*APPLY_OPTIONS)
    async def tfapply(self, arguments: Namespace, cell: str | None = None) -> Any:
        """Apply the saved plan that was shown last, or plan and apply the HCL in the cell. The value is the run.

        `%tfapply` is itself the confirmation of the plan; `%%tfapply` asks for one after its plan, unless a code is
        required, or the line has `--auto-approve`.
        """
        if arguments.each or arguments.on:
            return await self.each("apply", arguments, cell)
        if cell is None:
            run = self._planned(arguments)
            await self.go(run, "apply", wait=arguments.wait)
            return run
        run = self._new_run(arguments, cell)
        await self.go(run, "plan", "apply", confirm=not arguments.auto_approve, wait=arguments.wait)
        return run

    @no_var_expand
    @line_magic
    @awaited_or_at_once
    @options(*SETTINGS_OPTIONS)
    async def tfmfa(self, arguments: Namespace) -> None:
        """Show the environment's level and your organization variables, or run a command."""
        from tfmfa_nb.magics.tfmfa import Subcommands  # noqa: PLC0415 - until needed

        command = Subcommands(self._shell, self._environment(arguments), self)
        await command.run(arguments.what or "", arguments.words)

    @no_var_expand
    @line_magic
    @awaited_or_at_once
    @options(*RUN_OPTIONS)
    async def tfruns(self, arguments: Namespace) -> Any:
        """List the environment's runs, or run a command on one of them. The value is that run.

        `%tfruns` names the fleets of this folder, too; `%tfruns follow FLEET` follows all runs of one, and
        `%tfruns cancel FLEET` cancels them.
        """
        from tfmfa_nb.magics.tfruns import RunCommands  # noqa: PLC0415 - until needed

        if (arguments.run or "").startswith("fleet-"):
            return await self.each("follow", arguments, None)
        found = await RunCommands(self._shell, self._environment(arguments), self).run(arguments)
        if arguments.what == "list":
            await self.each("list", arguments, None)
        return found

    def read_policy(self) -> Policy:
        """The organization policy as it is now, wherever the process variables at the first load say.

        Raises:
            ConfigurationError: a policy is invalid or cannot be trusted.
        """
        from tfmfa_nb.organization.policy_files import read_policy  # noqa: PLC0415 - until needed

        return read_policy(self._policy_environ)

    def enable_policy(self, environment: Environment) -> None:
        """Write a policy of the user's own that enables MFA, and a line about it in the environment's audit trail.

        Raises:
            ConfigurationError: it cannot be written, or there is one that does not enable MFA.
        """
        from tfmfa_nb.runs.gate.level_setting import set_policy  # noqa: PLC0415 - until needed

        set_policy(environment, self._policy_environ, self.read_policy())

    @contextmanager
    def showing(self, fleet: Any) -> Iterator[None]:
        """Show front ends a `ShownFleet` that goes on in this block; until a run is started, they show how it ended."""
        self.active_runs += 1
        self.fleet = fleet
        try:
            yield
        finally:
            self._one_less()

    def adopt(self, folder: Path, run: Run) -> None:
        """Make `run` the latest run, and the current one of the environment in `folder`; close the one before it."""
        from tfmfa_nb.magics.presentation import show_run_as_value  # noqa: PLC0415 - until needed

        self._runs[folder] = self.latest = run
        self.fleet = None
        show_run_as_value(run, self._shell)
        if close := self._cards.pop(folder, None):
            close()

    def keep_card(self, folder: Path, close: Callable[[], None] | None) -> None:
        """Keep the card of the current run of an environment open, until there is another one.

        Args:
            folder: folder of the environment.
            close: closes the card; None if there is none.
        """
        if close is not None:
            self._cards[folder] = close

    def renew(self, folder: Path, run: Run) -> None:
        """Put `run` in the place of the run with its ID that this kernel has; another run stays the latest one."""
        if (before := self._runs.get(folder)) is not None and before.id == run.id:
            self._runs[folder] = run
            if close := self._cards.pop(folder, None):
                close()
        if self.latest is not None and self.latest.id == run.id:
            self.latest = run

    def known_run(self, run_id: str) -> Run | None:
        """The run of this kernel with this ID, if it is the latest one, a current one, or one that waits."""
        runs = (self.latest, *self._runs.values(), *chain.from_iterable(self._waiting.values()))
        return next((run for run in runs if run is not None and run.id == run_id), None)

    def environment_for(self, name: str | None, chdir: str | None) -> Environment:
        """The environment of a call.

        Args:
            name: name of the environment; None for that of `%config TfmfaMagics`.
            chdir: existing folder with a configuration; None for none.

        Raises:
            ConfigurationError: it cannot be one, or the runbook is restricted to another one.
        """
        from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed

        only = self._runner.environment if self._runner else ""
        given = (chdir, name, self.environment)
        name = next(each for each in given if each is not None)  # an empty one is an error, not a default
        if only and name != only:
            raise ConfigurationError(
                f'This cell uses the environment "{name}", but the runbook is restricted to "{only}".',
                f"Run the runbook with --environment {name}, or remove -e and -C from the cell.",
            )
        if chdir is not None:
            return Environment.at(chdir, Path.cwd())
        return Environment.named(name, Path.cwd())

    def _environment(self, arguments: Namespace) -> Environment:
        return self.environment_for(arguments.environment, arguments.chdir)

    def begin(self, run: Run, folder: Path) -> None:
        """Make a new run the current run of the environment in `folder`.

        A plan that waits there is discarded once the new run has one: if that comes to nothing, it still waits.
        """
        before = self._runs.get(folder)
        if before is not None and before.status == "planned":
            self._waiting.setdefault(folder, []).append(before)

        def planned(change: Mapping[str, str]) -> None:
            if change["new"] in {"planned", "planned_and_finished"}:
                self._discard_waiting(folder)

        run.observe(planned, names="status")
        self.adopt(folder, run)

    def _discard_waiting(self, folder: Path) -> None:
        for run in self._waiting.pop(folder, ()):
            _discard_pending_plan(run)

    def _new_run(self, arguments: Namespace, cell: str | None) -> Run:
        from tfmfa_nb.runs.run import Run  # noqa: PLC0415

        options = options_of(arguments)
        options.check()  # before anything is created
        if arguments.chdir is not None and cell is not None:
            raise UsageError(
                "-C runs the configuration in that folder, so the cell must have no body. "
                "Empty the cell, or use -e NAME to run the cell's HCL"
            )
        environment = self._environment(arguments)
        # Without a body, the environment must have a configuration already, as for --destroy or a drift check.
        if arguments.chdir is None and cell is None and not environment.files.configuration.is_file():
            meant = environment.similar or "Write HCL in the cell, or use -C DIR to select a folder that has one"
            raise UsageError(f'there is no configuration in "{environment.name}". {meant}')
        run = Run(environment, replace(options, configuration=cell), Path.cwd())
        self.begin(run, environment.folder)
        return run

    def restore(self, folder: str, run_id: str) -> Run:
        """Restore and show a run of an earlier kernel, with which `jupyter tfmfa run --resume` continues.

        Raises:
            RunStateError: the record is missing or not valid, or the run is still running.
        """
        from tfmfa_nb.magics.restoring import restored  # noqa: PLC0415 - until needed

        run = restored(folder, run_id, self.read_policy())
        self.adopt(run.driver.environment.folder, run)
        return run

    def _planned(self, arguments: Namespace) -> Run:
        """The run that `%tfapply` applies: the selected environment's, or the latest run of this kernel."""
        selected = arguments.environment is not None or arguments.chdir is not None
        run = self._runs.get(self._environment(arguments).folder) if selected else self.latest
        if run is None:
            raise RunStateError(
                "This kernel has no plan to apply.",
                "Run %tfplan first, or %%tfapply with the configuration in the cell.",
            )
        if option := option_of_plan(arguments):
            raise UsageError(f"%tfapply: {option} cannot change a saved plan; use it with %tfplan")
        run.driver.adjust(options_of(arguments))
        return run

    async def go(
        self, run: Run, *phases: str, confirm: bool = False, settings: Settings | None = None, wait: bool = False
    ) -> None:
        """Run `phases` ("plan", "apply", "command") of `run` where the cell's front end shows it.

        Args:
            run: the run.
            phases: what to do.
            confirm: ask for a confirmation before an apply that needs no code.
            settings: settings of the call; None for those of these magics.
            wait: where the cell's front end accepts no input, end as soon as the run waits for an answer.

        Raises:
            TfmfaError: as `presentation.present` does.
        """
        from tfmfa_nb.magics.presentation import present, show_run_as_value  # noqa: PLC0415 - until needed

        self.active_runs += 1
        self.fleet = None
        show_run_as_value(run, self._shell)
        try:
            await present(run, phases, self._shell, settings or self, confirm=confirm, wait=wait)
        finally:
            run.after_work(self._one_less)

    def _one_less(self) -> None:
        self.active_runs -= 1


def _discard_pending_plan(run: Run) -> None:
    """Discard the plan of a planned run; do nothing in any other status."""
    if run.status == "planned":
        with suppress(RunStateError):  # another kernel has gone on with it
            run.discard()
