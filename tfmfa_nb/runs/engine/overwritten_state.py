"""The state that lies where `--migrate-state` copies another one to: a copy of it is kept before."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from tfmfa_nb.environments.atomic_files import write_whole
from tfmfa_nb.model.errors import RunCanceled, TerraformFailed
from tfmfa_nb.runs.engine.failure import first_error, remedy_for
from tfmfa_nb.runs.engine.state_copy import copy_state
from tfmfa_nb.runs.engine.workspaces import has_workspace
from tfmfa_nb.terraform.working_directory import DATA_FOLDER, WORKSPACE

if TYPE_CHECKING:
    from tfmfa_nb.runs.engine.command import Commands

_DEFAULT = "default"


async def copy_overwritten(commands: Commands) -> None:
    """Keep a copy of the state of the run's workspace in the new backend, if there is one.

    Terraform opens the new backend in a data folder of its own for that, so that the folder's stays with the old one.
    As far as that folder knows, the former backend is an empty one on this machine, of which nothing is copied.
    Of the states of other workspaces, which `init` copies too, none is kept.

    Raises:
        TerraformFailed: the new backend cannot be opened, or its state cannot be read, so nothing must be changed.
        RunCanceled: a person canceled the run.
        ConfigurationError: the audit trail cannot be written.
    """
    driver = commands.driver
    options, start = driver.options, driver.store.log.refresh()
    variables = options.early_variables(driver.base, commands.executable)
    folder = driver.store.files.new_backend
    folder.mkdir(mode=0o700)
    environ = {DATA_FOLDER: str(folder)}
    # Else, Terraform would take a state that lies in the environment's folder for the former one, and ask.
    former = {"type": "local", "config": {"path": str(folder / "none.tfstate"), "workspace_dir": None}, "hash": 1}
    write_whole(folder / "terraform.tfstate", json.dumps({"version": 3, "backend": former}))
    try:
        given = options.backend_arguments(driver.base).arguments
        arguments = ("-input=false", "-migrate-state", "-force-copy", *given)  # of no state: there is none
        outcome = await commands.run("init", *arguments, variables=variables, without=(WORKSPACE,), environ=environ)
        if outcome.interrupted or outcome.killed:
            raise RunCanceled("The initialization was canceled.", "Nothing was changed.")
        if outcome.exit_code != 0:
            reason = first_error(driver.store, start)
            raise TerraformFailed(
                f"The new backend cannot be opened{': ' + reason if reason else ''}.",
                f"Nothing was changed. {remedy_for(reason, driver)}",
            )
        name = driver.record.workspace or _DEFAULT
        # Terraform would begin a new state in a workspace that only the variable names.
        if name == _DEFAULT or await has_workspace(commands, name, environ):
            await copy_state(commands, {**environ, WORKSPACE: name})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
