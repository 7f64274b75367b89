"""What is judged before another command than `plan` and `apply`: the configuration, and the workspace that it names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfmfa_nb.runs.gate.inspection import inspect, notes_of
from tfmfa_nb.runs.gate.levels import protected_of, raise_level
from tfmfa_nb.terraform.working_directory import WORKSPACE

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.runs.gate.gate import Gate
    from tfmfa_nb.terraform.command_table import Call
    from tfmfa_nb.terraform.executable import Executable


async def inspect_for_command(driver: Driver, gate: Gate, executable: Executable, call: Call) -> None:
    """Inspect the configuration, as before a plan.

    A workspace that the command creates, deletes, or selects is looked at too: its minimum level holds, whichever
    workspace is selected. A level never falls, so what is found last cannot undo it.

    Raises:
        TfmfaError: as `inspection.inspect` does.
    """
    if call.workspace:
        known = protected_of(driver.environment, gate.environ)
        raise_level(driver, gate.policy, replace(known, workspace=call.workspace))
        await inspect(driver, gate.with_environ({WORKSPACE: call.workspace}), executable)
    await inspect(driver, gate, executable)
    for sentence in notes_of(driver):
        driver.note(sentence)
