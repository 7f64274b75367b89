"""Terraform's workspaces: the run's own must exist, and a plan is applied in the one that it was made in.

Terraform itself ties a plan to no workspace, and creates one that `TF_WORKSPACE` names, so that a typing error would
begin a new state.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tfmfa_nb.model.ansi import strip_colors
from tfmfa_nb.model.errors import ConfigurationError, TerraformFailed
from tfmfa_nb.runs.engine.failure import first_error, remedy_for
from tfmfa_nb.terraform.working_directory import WORKSPACE, data_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.engine.command import Commands
    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.configuration import Configuration

_NAME = re.compile(r"[\w.~$&+:=@-]+", re.ASCII)  # what is the same in the path of a URL, as Terraform demands
_LISTED_LINE = re.compile(r"[* ] (\S+)")
_DEFAULT = "default"
_LOCAL = "terraform.tfstate.d"  # the local backend's folder, with one for each workspace
_MAX_NAMED = 10


def check_known(driver: Driver, configuration: Configuration, environ: Mapping[str, str]) -> None:
    """Make sure that the run's own workspace exists, and that of a command, as far as it is known without credentials.

    Raises:
        ConfigurationError: the name is none, there is no such workspace, or one that shall be created exists.
    """
    name, call = driver.options.workspace, driver.options.call
    if name and not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} cannot be the name of a workspace.", "Use letters, digits, and . _ ~ $ & + : = @ -"
        )
    blocks = (inner.type for block in configuration.root.blocks for inner in block.blocks)
    if (name or (call and call.workspace)) and not {"backend", "cloud"} & {*blocks}:
        folder = configuration.folder
        if not (data_folder(folder, environ) / "terraform.tfstate").exists():  # `init` has kept no other backend
            known = [_DEFAULT, *sorted(path.name for path in (folder / _LOCAL).glob("*"))]
            if name:
                _refuse_unknown(driver, known)
            if call and call.workspace:
                _check_named(call, known)


async def check_exists(commands: Commands) -> None:
    """Make sure that the backend has the run's own workspace.

    Raises:
        ConfigurationError: it has not.
        TerraformFailed: Terraform cannot list its workspaces.
    """
    driver = commands.driver
    if driver.options.workspace != _DEFAULT and not driver.options.or_create:
        _refuse_unknown(driver, await _listed(commands, {}))


async def has_workspace(commands: Commands, name: str, environ: Mapping[str, str]) -> bool:
    """Whether a backend has a workspace.

    Args:
        commands: commands of the phase.
        name: name of the workspace.
        environ: process variables that lead Terraform to the backend.

    Raises:
        TerraformFailed: Terraform cannot list its workspaces.
    """
    return name in await _listed(commands, environ)


async def _listed(commands: Commands, environ: Mapping[str, str]) -> list[str]:
    driver = commands.driver
    log = driver.store.log
    start = log.refresh()
    variables = driver.options.early_variables(driver.base, commands.executable)
    without = (WORKSPACE,) if environ else ()
    outcome = await commands.run("workspace", "list", variables=variables, environ=environ, without=without)
    if outcome.exit_code != 0:
        reason = first_error(driver.store, start)
        raise TerraformFailed(
            f"The workspaces cannot be listed{': ' + reason if reason else ''}.", remedy_for(reason, driver)
        )
    lines = map(strip_colors, log.lines(start, log.refresh()))
    return [found[1] for line in lines if (found := _LISTED_LINE.fullmatch(line.rstrip()))]


def check_same(planned: str, selected: str) -> None:
    """Make sure that the changes land in the state that they were planned for.

    Raises:
        ConfigurationError: another workspace is selected now.
    """
    if planned and planned != selected:
        raise ConfigurationError(
            f'The plan was made in the workspace "{planned}", and "{selected}" is selected now: its changes would land '
            "in the state of that workspace.",
            f"Apply it there with %tfapply --workspace {planned}, or plan again with %tfplan.",
        )


def _check_named(call: Call, known: Collection[str]) -> None:
    name, exists = call.workspace, call.workspace in known
    if call.command == "workspace new":
        if exists:
            raise ConfigurationError(f'The workspace "{name}" exists already.', f"Use it with --workspace {name}.")
    elif not exists and (call.command == "workspace delete" or not call.kind.phase.changes):  # it would create none
        raise ConfigurationError(f'The workspace "{name}" does not exist.', f"Those that exist: {', '.join(known)}.")


def _refuse_unknown(driver: Driver, known: Collection[str]) -> None:
    name = driver.options.workspace
    if name not in known and not driver.options.or_create:
        named = ", ".join([*known][:_MAX_NAMED]) + (", …" if len(known) > _MAX_NAMED else "")
        # `workspace new` would not run where the process environment names the workspace.
        create = f"{'%tfplan ' if driver.options.call else ''}--workspace {name} --or-create"
        raise ConfigurationError(
            f'The workspace "{name}" does not exist.', f"Create it with {create}, or use one that exists: {named}."
        )
