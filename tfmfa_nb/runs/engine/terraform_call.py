"""One call of another command than `plan` and `apply`: what goes into it, and where its output goes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import TerraformFailed
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.runs.engine.forced_unlock import begin_unlock, end_unlock
from tfmfa_nb.runs.engine.phase import check_not_canceled
from tfmfa_nb.runs.engine.state_copy import as_next_state, copy_state
from tfmfa_nb.runs.events import BackendKnown
from tfmfa_nb.terraform.backend_check import kept_state
from tfmfa_nb.terraform.outputs import read_outputs, render_value
from tfmfa_nb.terraform.secret_variables import may_repeat_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from tfmfa_nb.runs.engine.command import Commands
    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.modules import Module
    from tfmfa_nb.terraform.process import Outcome


async def run_call(commands: Commands, call: Call) -> Outcome:
    """Run `call`, after a copy of the state where it changes that.

    Raises:
        TerraformFailed: the state could not be copied, or the outputs are no JSON.
        RunCanceled: a person canceled the run.
        RunStateError: a copy that is to be brought back does not fit the present state, or a live process may hold
            the lock that is to be freed.
    """
    driver = commands.driver
    brief = bool(call.stdin) and may_repeat_secrets(call.stdin, _root(commands))
    files = driver.store.files
    if call.kind.phase.changes and call.kind.copied:
        await copy_state(commands)
        check_not_canceled(driver)
    with ExitStack() as held:
        options = [f"-lock-timeout={driver.options.lock_timeout}"] if call.kind.lock else []
        command, *words = call.argv(driver.base, *options)
        if call.restores is not None:
            force = call.replaces_lineage
            state = held.enter_context(as_next_state(call.restores, files.state_copy, files.values, force=force))
            words.append(str(state))
        output = files.values if call.values else call.output
        if call.values:
            held.callback(files.values.unlink, missing_ok=True)
        begin_unlock(driver, call, commands.gate.environ)
        outcome = await commands.run(
            command,
            *words,
            variables=driver.options.variable_arguments(driver.base),
            recorded_as=str(call.kind.phase),
            stdin=f"{call.stdin}\n" if call.stdin else "",
            output=output,
            brief=brief,
        )
        end_unlock(driver, call, freed=outcome.exit_code == 0)
        if call.values and outcome.exit_code == 0:
            driver.outputs = _outputs(files.values)
            for name, value in driver.outputs.items():
                text = "<sensitive>" if isinstance(value, Secret) else render_value(value, "dynamic")
                driver.log(f"{name} = {text}")
    if call.output is not None and outcome.exit_code == 0:
        driver.note(f"The state, with its secrets, is in {call.output}: only you can read that file.")
    elif call.output is not None and call.output.is_file() and not call.output.stat().st_size:
        call.output.unlink()  # nothing was printed; what has content may be somebody else's
    if call.kind.initialized:
        driver.tell(BackendKnown(kept_state(driver.environment.folder, commands.gate.environ)))
    if brief and outcome.exit_code not in {0, None}:
        driver.note("The details of Terraform's error are left out, because they may repeat a sensitive value.")
    return outcome


def _root(commands: Commands) -> Module:
    return commands.driver.read_configuration(commands.executable, commands.given.environ).root


def _outputs(file: Path) -> dict[str, Any]:
    try:
        return read_outputs(file.read_bytes())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TerraformFailed("Terraform's outputs cannot be read.", "See the log for its full message.") from None
